#pragma once

#include <boost/system/error_category.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>
#include <string>
#include <type_traits>

namespace postern::net {

/// What can go wrong beyond the operating system's own errors.
enum class Errc {
  /// RFC 6455 broken by the peer; the connection ends with close code 1002.
  kWsProtocol = 1,
  /// Close code 1007: a text message or close reason is not UTF-8.
  kWsBadText,
  /// Close code 1009.
  kWsTooBig,
  /// Not an HTTP/1.x message, or one that two parsers could read differently.
  kHttpMalformed,
  kHttpHeaderTooLarge,
  kHttpBodyTooLarge,
  /// The stream ended within a message.
  kHttpEndedEarly,
  /// The HttpClient was spent, or its server asked to close.
  kHttpNotReusable,
  kTlsFailed,
  /// TCP ended without TLS's close_notify: the data may be cut short.
  kTlsTruncated,
  kProxyRefused,
  kBadProxy,
};

const boost::system::error_category& net_category();

inline boost::system::error_code make_error_code(Errc code) {
  return {static_cast<int>(code), net_category()};
}

/// A system_error whose what() is exactly the given text; Boost's own appends the category and number.
class NetError : public boost::system::system_error {
 public:
  NetError(boost::system::error_code code, std::string what) : system_error(code), what_(std::move(what)) {}
  const char* what() const noexcept override { return what_.c_str(); }

 private:
  std::string what_;
};

/// The text of any exception for a log or an outer message, without Boost's category suffix.
std::string describe(const std::exception& failure);

}  // namespace postern::net

template <>
struct boost::system::is_error_code_enum<postern::net::Errc> : std::true_type {};
