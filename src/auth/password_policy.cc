#include "auth/password_policy.h"

#include <fmt/format.h>

#include <algorithm>

namespace postern::auth {
namespace {

constexpr std::size_t kMaxCharacters = 128;
constexpr std::size_t kDefaultLength = 8;
constexpr int kDefaultKinds = 3;
constexpr std::string_view kSymbols = "!@#$%^&*()_+-=[]{}|'";

struct Kinds {
  bool upper = false;
  bool lower = false;
  bool number = false;
  bool symbol = false;
  int count() const { return int{upper} + int{lower} + int{number} + int{symbol}; }
};

Kinds kinds_of(std::string_view text) {
  Kinds kinds;
  for (const char c : text) {
    kinds.upper |= c >= 'A' && c <= 'Z';
    kinds.lower |= c >= 'a' && c <= 'z';
    kinds.number |= c >= '0' && c <= '9';
    kinds.symbol |= kSymbols.find(c) != std::string_view::npos;
  }
  return kinds;
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

std::optional<std::string> problem_by(const PasswordPolicy& policy, std::string_view text) {
  const auto kinds = kinds_of(text);
  if (characters(text) < static_cast<std::size_t>(policy.minimum_password_length))
    return fmt::format("Password should have a minimum length of {}", policy.minimum_password_length);
  if (policy.require_uppercase_characters && !kinds.upper)
    return "Password should have at least one uppercase letter";
  if (policy.require_lowercase_characters && !kinds.lower)
    return "Password should have at least one lowercase letter";
  if (policy.require_numbers && !kinds.number) return "Password should have at least one number";
  if (policy.require_symbols && !kinds.symbol)
    return fmt::format("Password should have at least one of the following symbols: {}", kSymbols);
  return std::nullopt;
}

}  // namespace

std::optional<std::string> password_problem(const Secret& password,
                                            const std::optional<PasswordPolicy>& policy) {
  const auto& text = password.reveal();
  if (characters(text) > kMaxCharacters)
    return fmt::format("Password should have a maximum length of {}", kMaxCharacters);
  if (policy) return problem_by(*policy, text);
  if (characters(text) < kDefaultLength)
    return fmt::format("Password should have a minimum length of {}", kDefaultLength);
  if (kinds_of(text).count() < kDefaultKinds)
    return "Password should have three of: uppercase letters, lowercase letters, numbers, symbols";
  return std::nullopt;
}

}  // namespace postern::auth
