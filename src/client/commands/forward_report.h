#pragma once

#include <string>
#include <string_view>

#include "client/port/local_address.h"

namespace postern::client {

/// What `postern forward` says on standard output: a line for each forward once it works, as text or as a
/// JSON object. Errors of single connections go to standard error.
class ForwardReport {
 public:
  enum class Format { kText, kJson };
  ForwardReport(std::string node, Format format) : node_(std::move(node)), format_(format) {}

  /// The line for a forward. `kind` is `local`, `dynamic` or `remote`; `to` is empty for a SOCKS proxy.
  std::string line(std::string_view kind, const LocalAddress& from, std::string_view to) const;
  void print(std::string_view kind, const LocalAddress& from, std::string_view to) const;
  static void refused(std::string_view to, std::string_view reason);

 private:
  std::string node_;
  Format format_;
};

}  // namespace postern::client
