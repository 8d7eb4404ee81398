#include "net/https_fetch.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <memory>

#include "base/check.h"

namespace postern::net {
namespace {

constexpr auto kUserAgent = "postern/" POSTERN_VERSION;
constexpr long kOk = 200;

struct FreeHandle {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};

struct Sink {
  std::string body;
  std::size_t max_bytes;
  bool too_long = false;
};

// A shorter count than was offered ends the transfer.
std::size_t append(const char* data, std::size_t, std::size_t size, void* sink) {
  auto& into = *static_cast<Sink*>(sink);
  if (size > into.max_bytes - into.body.size()) {
    into.too_long = true;
    return 0;
  }
  into.body.append(data, size);
  return size;
}

void initialise_once() {
  static const bool initialised = [] {
    POSTERN_CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
    return true;
  }();
  static_cast<void>(initialised);
}

}  // namespace

std::expected<std::string, std::string> https_fetch(const std::string& url,
                                                    const HttpsFetchOptions& options) {
  initialise_once();
  const std::unique_ptr<CURL, FreeHandle> handle(curl_easy_init());
  POSTERN_CHECK(handle != nullptr);
  Sink sink{.body = {}, .max_bytes = options.max_bytes};
  const auto set = [&](CURLoption option, auto value) {
    POSTERN_CHECK(curl_easy_setopt(handle.get(), option, value) == CURLE_OK);
  };
  set(CURLOPT_URL, url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "https");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  // Name resolution with a deadline would use signals, and signals are not for libraries.
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(options.deadline.count()));
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(CURLOPT_USERAGENT, kUserAgent);
  set(CURLOPT_WRITEFUNCTION, &append);
  set(CURLOPT_WRITEDATA, &sink);
  if (!options.ca_bundle.empty()) set(CURLOPT_CAINFO, options.ca_bundle.c_str());

  const auto outcome = curl_easy_perform(handle.get());
  if (sink.too_long)
    return std::unexpected(fmt::format("{} answered more than {} bytes", url, options.max_bytes));
  if (outcome == CURLE_UNSUPPORTED_PROTOCOL) return std::unexpected(url + " is not an https address");
  if (outcome != CURLE_OK) return std::unexpected(fmt::format("{}: {}", url, curl_easy_strerror(outcome)));
  long status = 0;
  curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status != kOk) return std::unexpected(fmt::format("{} answered with status {}", url, status));
  return std::move(sink.body);
}

}  // namespace postern::net
