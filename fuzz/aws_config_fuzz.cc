#include <cstdlib>

#include "base/bytes.h"
#include "client/aws_config.h"
#include "client/credential_process.h"
#include "client/ini.h"

using namespace postern;

// One text serves as both files. Whatever parses gives settings or a reason, and a profile's own name in the
// settings.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(as_text({data, size}));
  const auto ini = client::parse_ini(text);
  if (!ini && !ini.error().starts_with("line ")) std::abort();
  static_cast<void>(client::split_command(text));
  static_cast<void>(client::parse_process_credentials(text));
  client::ConfigFlags flags;
  if (ini && !ini->empty()) {
    const auto& section = ini->rbegin()->first;
    flags.profile = section.starts_with("profile ") ? section.substr(8) : section;
  }
  const auto none = [](const char*) -> std::optional<std::string> { return std::nullopt; };
  const auto settings = client::resolve_settings(flags, none, {text, text});
  if (settings && !flags.profile.empty() && settings->profile != flags.profile) std::abort();
  if (!settings && settings.error().empty()) std::abort();
  return 0;
}
