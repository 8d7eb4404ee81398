#include "net/error.h"

namespace postern::net {
namespace {

class Category final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "postern.net"; }

  std::string message(int value) const override {
    switch (static_cast<Errc>(value)) {
      case Errc::kWsProtocol:
        return "WebSocket protocol violation";
      case Errc::kWsBadText:
        return "WebSocket text is not UTF-8";
      case Errc::kWsTooBig:
        return "WebSocket message too big";
      case Errc::kHttpMalformed:
        return "malformed HTTP message";
      case Errc::kHttpHeaderTooLarge:
        return "HTTP header too large";
      case Errc::kHttpBodyTooLarge:
        return "HTTP body too large";
      case Errc::kHttpEndedEarly:
        return "connection ended within an HTTP message";
      case Errc::kHttpNotReusable:
        return "HTTP connection can't be used again";
      case Errc::kTlsFailed:
        return "TLS failed";
      case Errc::kTlsTruncated:
        return "connection ended without TLS close_notify";
      case Errc::kProxyRefused:
        return "the proxy refused the connection";
      case Errc::kBadProxy:
        return "the proxy setting can't be used";
    }
    return "unknown error";
  }
};

}  // namespace

const boost::system::error_category& net_category() {
  static const Category category;
  return category;
}

std::string describe(const std::exception& failure) {
  if (dynamic_cast<const NetError*>(&failure)) return failure.what();
  if (const auto* error = dynamic_cast<const boost::system::system_error*>(&failure))
    return error->code().message();
  return failure.what();
}

}  // namespace postern::net
