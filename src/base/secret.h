#pragma once

#include <fmt/format.h>

#include <ostream>
#include <string>
#include <string_view>
#include <utility>

namespace postern {

/// Text that must not reach a log, an error or a core file longer than needed. It prints `<secret>`, compares
/// by no operator (use equal_in_constant_time), and overwrites its memory when it goes.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept : text_(std::move(other.text_)) { other.wipe(); }
  Secret& operator=(const Secret& other) {
    if (this != &other) {
      wipe();
      text_ = other.text_;
    }
    return *this;
  }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      wipe();
      text_ = std::move(other.text_);
      other.wipe();
    }
    return *this;
  }
  ~Secret() { wipe(); }

  /// The text itself, named so that each use can be found.
  const std::string& reveal() const { return text_; }
  bool empty() const { return text_.empty(); }

 private:
  void wipe() noexcept {
    // volatile, so that the stores are not optimised away before the memory is freed.
    volatile char* at = text_.data();
    for (std::size_t i = 0; i < text_.size(); ++i) at[i] = 0;
    text_.clear();
  }

  std::string text_;
};

inline std::ostream& operator<<(std::ostream& out, const Secret&) {
  return out << "<secret>";
}

}  // namespace postern

template <>
struct fmt::formatter<postern::Secret> : fmt::formatter<std::string_view> {
  template <class Context>
  auto format(const postern::Secret&, Context& context) const {
    return fmt::formatter<std::string_view>::format("<secret>", context);
  }
};
