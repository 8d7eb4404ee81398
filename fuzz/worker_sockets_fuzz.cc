#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "agent/worker_socket.h"

// Any user may choose names that stand in this table.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view table(reinterpret_cast<const char*>(data), size);
  constexpr std::string_view kPrefix = "postern-agent/mi-1/";
  for (const auto& name : postern::agent::parse_worker_sockets(table, "mi-1")) {
    if (!name.starts_with(kPrefix) || name.size() != kPrefix.size() + 32) std::abort();
    if (name.find_first_of(" \n/", kPrefix.size()) != name.npos) std::abort();
    if (table.find('@' + name) == table.npos) std::abort();
  }
  return 0;
}
