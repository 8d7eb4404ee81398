#include <cstdlib>

#include "aws/sigv4.h"
#include "base/bytes.h"

using namespace postern;

// The first line is the request target, the second the Authorization header, then headers `name:value` up to
// an empty line, then the body. What is parsed never verifies with a secret nobody has, and what we sign
// always does.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input = as_text({data, size});
  const auto line = [&] {
    const auto end = input.find('\n');
    const auto text = input.substr(0, end);
    input.remove_prefix(end == std::string_view::npos ? input.size() : end + 1);
    return text;
  };
  const auto target = line();
  aws::HeaderList headers;
  if (const auto value = line(); !value.empty()) headers.emplace_back("Authorization", value);
  for (auto text = line(); !text.empty(); text = line()) {
    const auto colon = text.find(':');
    headers.emplace_back(text.substr(0, colon),
                         colon == std::string_view::npos ? "" : text.substr(colon + 1));
  }
  const aws::SignableRequest request{"POST", target, headers, input};
  if (const auto authorization = aws::parse_authorization(request)) {
    if (authorization->scope.region.empty() || authorization->signature.empty()) std::abort();
    if (aws::verify_signature(request, *authorization, Secret("nobody has this"))) std::abort();
    static_cast<void>(aws::check_time(*authorization, from_unix_micros(1'729'591'872'000'000)));
  }

  aws::HeaderList plain = {{"Host", "h"}};
  for (const auto& header : headers) {
    if (header.first.starts_with("X-"))
      plain.emplace_back("X-" + std::to_string(plain.size()), header.second);
  }
  const aws::SignableRequest unsigned_request{"POST", target, plain, input};
  const Secret secret("secret");
  const auto now = from_unix_micros(1'729'591'872'000'000);
  auto sent = plain;
  for (auto& header : aws::sign_request(unsigned_request, {"AKID", secret, std::nullopt}, "r", "s", now)) {
    sent.push_back(std::move(header));
  }
  const aws::SignableRequest signed_request{"POST", target, sent, input};
  const auto authorization = aws::parse_authorization(signed_request);
  // A target with a malformed escape can't be signed.
  if (!authorization) return 0;
  if (!aws::verify_signature(signed_request, *authorization, secret)) std::abort();
  return 0;
}
