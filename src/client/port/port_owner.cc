#include "client/port/port_owner.h"

#include <dirent.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <sstream>

namespace postern::client {
namespace {

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Calls `visit` with each entry's name until it returns true.
bool any_entry(const std::string& directory, const std::function<bool(std::string_view)>& visit) {
  const std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir(directory.c_str()), ::closedir);
  if (!open) return false;
  while (const auto* entry = ::readdir(open.get())) {
    if (visit(entry->d_name)) return true;
  }
  return false;
}

bool holds(const std::string& process, const std::string& link) {
  const auto directory = process + "/fd";
  return any_entry(directory, [&](std::string_view name) {
    std::array<char, 64> target;
    const auto size = ::readlink(fmt::format("{}/{}", directory, name).c_str(), target.data(), target.size());
    return size > 0 && std::string_view(target.data(), static_cast<std::size_t>(size)) == link;
  });
}

}  // namespace

std::optional<std::uint64_t> listening_inode(std::string_view table, std::uint16_t port) {
  // sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode ...; 0A is LISTEN.
  std::istringstream lines{std::string(table)};
  std::string line;
  const auto wanted = fmt::format(":{:04X}", port);
  while (std::getline(lines, line)) {
    std::istringstream fields(line);
    std::string slot;
    std::string local;
    std::string remote;
    std::string state;
    std::string skipped;
    std::uint64_t inode = 0;
    fields >> slot >> local >> remote >> state;
    for (int i = 0; i < 5; ++i) fields >> skipped;
    if (fields >> inode && state == "0A" && local.ends_with(wanted)) return inode;
  }
  return std::nullopt;
}

std::string owner_of_port(std::uint16_t port) {
  auto inode = listening_inode(read_file("/proc/net/tcp"), port);
  if (!inode) inode = listening_inode(read_file("/proc/net/tcp6"), port);
  if (!inode) return "";
  const auto link = fmt::format("socket:[{}]", *inode);
  std::string owner;
  any_entry("/proc", [&](std::string_view name) {
    if (name.find_first_not_of("0123456789") != std::string_view::npos) return false;
    const auto process = fmt::format("/proc/{}", name);
    if (!holds(process, link)) return false;
    auto command = read_file(process + "/comm");
    if (command.ends_with('\n')) command.pop_back();
    owner = fmt::format("{} (process {})", command, name);
    return true;
  });
  return owner;
}

}  // namespace postern::client
