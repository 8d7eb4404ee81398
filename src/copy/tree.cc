#include "copy/tree.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

namespace postern::copy {
namespace {

constexpr int kDirectoryFlags = O_PATH | O_DIRECTORY | O_CLOEXEC;

std::unexpected<std::string> failed(int error) {
  if (error == ELOOP || error == ENOTDIR) {
    return std::unexpected(std::string("a part of the path is no directory, or a symbolic link"));
  }
  return std::unexpected(std::string(std::strerror(error)));
}

}  // namespace

std::expected<Tree, std::string> Tree::open(const std::filesystem::path& directory) {
  Descriptor root(::open(directory.c_str(), kDirectoryFlags));
  if (!root) return std::unexpected(std::string(std::strerror(errno)));
  return Tree(std::move(root));
}

std::expected<Tree::Place, std::string> Tree::place(std::string_view path) const {
  Descriptor parent(::openat(root_.get(), ".", kDirectoryFlags));
  if (!parent) return failed(errno);
  for (auto slash = path.find('/'); slash != std::string_view::npos; slash = path.find('/')) {
    const std::string component(path.substr(0, slash));
    Descriptor next(::openat(parent.get(), component.c_str(), kDirectoryFlags | O_NOFOLLOW));
    if (!next) return failed(errno);
    parent = std::move(next);
    path.remove_prefix(slash + 1);
  }
  return Place{std::move(parent), std::string(path)};
}

std::expected<void, std::string> Tree::make_directory(std::string_view path) const {
  const auto where = place(path);
  if (!where) return std::unexpected(where.error());
  if (::mkdirat(where->parent.get(), where->name.c_str(), S_IRWXU) == 0) return {};
  if (errno != EEXIST) return failed(errno);
  const Descriptor existing(::openat(where->parent.get(), where->name.c_str(), kDirectoryFlags | O_NOFOLLOW));
  if (!existing) return std::unexpected(std::string("it exists and is no directory"));
  return {};
}

std::expected<void, std::string> Tree::set_mode(std::string_view path, std::uint32_t mode) const {
  const auto where = place(path);
  if (!where) return std::unexpected(where.error());
  const Descriptor entry(
      ::openat(where->parent.get(), where->name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!entry || ::fchmod(entry.get(), mode) != 0) return failed(errno);
  return {};
}

}  // namespace postern::copy
