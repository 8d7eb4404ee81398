#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postern::net {

/// Header fields in the order received; names compare without regard to case.
class Headers {
 public:
  void add(std::string name, std::string value);
  /// Replaces all fields of that name.
  void set(std::string name, std::string value);
  /// The first field of that name.
  std::optional<std::string_view> find(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& all() const { return fields_; }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

/// A complete HTTP/1.1 request.
struct Request {
  std::string method;
  /// As on the request line: path and query, never decoded (SigV4 needs the raw form).
  std::string target;
  Headers headers;
  std::string body;
  /// The connection's peer address, without port.
  std::string peer_address;
  /// The connection was TLS.
  bool secure = true;

  std::string_view path() const;
  /// Without the `?`; empty when there is none.
  std::string_view query() const;
};

struct Response {
  unsigned status = 200;
  Headers headers;
  std::string body;
};

}  // namespace postern::net
