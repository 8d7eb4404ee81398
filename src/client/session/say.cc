#include "client/session/say.h"

#include <fmt/format.h>

#include <cstdio>

#include "client/plain_text.h"

namespace postern::client {

void say(std::string_view line) {
  const auto text = fmt::format("postern: {}\n", harmless(line));
  std::fwrite(text.data(), 1, text.size(), stderr);
}

}  // namespace postern::client
