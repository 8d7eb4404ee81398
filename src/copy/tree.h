#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <string>
#include <string_view>

#include "copy/descriptor.h"

namespace postern::copy {

/// A directory below which a destination writes, and nothing beside it: each component of a path is opened
/// from its parent and never through a symbolic link, so neither the peer nor somebody who changes the tree
/// meanwhile can lead a write elsewhere. Errors are texts for the person.
class Tree {
 public:
  /// `directory` exists; the person named it, so it may be a link.
  static std::expected<Tree, std::string> open(const std::filesystem::path& directory);

  /// A place for an entry: its parent, open, and its own name there.
  struct Place {
    Descriptor parent;
    std::string name;
  };
  /// `path` is a safe_path(). Its parents must exist.
  std::expected<Place, std::string> place(std::string_view path) const;

  /// Makes a directory that only its owner may use until set_mode(); one that exists already will do.
  std::expected<void, std::string> make_directory(std::string_view path) const;
  std::expected<void, std::string> set_mode(std::string_view path, std::uint32_t mode) const;

 private:
  explicit Tree(Descriptor root) : root_(std::move(root)) {}
  Descriptor root_;
};

}  // namespace postern::copy
