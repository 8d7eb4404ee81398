#include "client/commands/service_calls.h"

namespace postern::client {

Settings settings_for(const ConfigFlags& flags) {
  auto settings = load_settings(flags);
  if (!settings) throw std::runtime_error(settings.error());
  if (settings->endpoint_url.empty()) {
    throw std::runtime_error(
        "no endpoint: give --endpoint-url, set AWS_ENDPOINT_URL_SSM, or put endpoint_url into the profile " +
        settings->profile);
  }
  if (settings->region.empty()) {
    throw std::runtime_error("no region: give --region, set AWS_REGION, or put region into the profile " +
                             settings->profile);
  }
  return std::move(*settings);
}

}  // namespace postern::client
