#include <boost/json/serialize.hpp>
#include <cstdlib>

#include "aws/documents/built_in.h"
#include "aws/documents/resolve.h"
#include "aws/documents/yaml.h"
#include "base/bytes.h"

using namespace postern;

namespace {

// A value that the definition's kind takes, as far as can be told from outside.
aws::SessionParameters some_values(const aws::SessionDocument& document, const std::string& text) {
  aws::SessionParameters given;
  for (const auto& parameter : document.parameters) {
    if (parameter.default_value) continue;
    if (!parameter.allowed_values.empty()) {
      given[parameter.name] = {parameter.allowed_values.front()};
    } else if (parameter.type == aws::ParameterType::kBoolean) {
      given[parameter.name] = {"true"};
    } else {
      given[parameter.name] = {parameter.type == aws::ParameterType::kInteger ? "1" : text};
    }
  }
  return given;
}

// Whatever is accepted resolves, or is refused with a reason; and what resolves is what a node may be sent.
void check(std::string_view text, aws::DocumentFormat format) {
  const auto document = aws::parse_session_document(text, format);
  if (!document) {
    if (document.error().message.empty()) std::abort();
    return;
  }
  const auto& preferences =
      aws::parsed_built_in_document(*aws::find_built_in_document(aws::kPreferencesDocument));
  for (const auto* value : {"1", "/x", "{{ a }}", "a b"}) {
    const auto resolved =
        aws::resolve_session(*document, preferences, some_values(*document, value), "Linux");
    if (!resolved) {
      if (resolved.error().message.empty()) std::abort();
      continue;
    }
    if (!resolved->inputs.at("cloudWatchStreamingEnabled").is_bool() ||
        !resolved->inputs.at("kmsKeyId").is_string() || !resolved->properties.is_object() ||
        resolved->idle_timeout < std::chrono::minutes(1)) {
      std::abort();
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = as_text({data, size});
  check(text, aws::DocumentFormat::kJson);
  check(text, aws::DocumentFormat::kYaml);
  // What either format holds reads alike in YAML.
  for (const auto format : {aws::DocumentFormat::kJson, aws::DocumentFormat::kYaml}) {
    const auto value = aws::parse_document_text(text, format);
    if (!value) continue;
    const auto again = aws::parse_yaml(aws::write_yaml(*value));
    if (!again || *again != *value) std::abort();
  }
  return 0;
}
