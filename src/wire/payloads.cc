#include "wire/payloads.h"

#include <charconv>

namespace postern::wire {
namespace {

constexpr std::string_view kExitCodePrefix = "EXIT_CODE: ";

}  // namespace

Bytes encode_flag(Flag flag) {
  Bytes out(4);
  store_be(out.data(), static_cast<std::uint32_t>(flag));
  return out;
}

std::optional<Flag> decode_flag(ByteView payload) {
  if (payload.size() != 4) return std::nullopt;
  return static_cast<Flag>(load_be<std::uint32_t>(payload.data()));
}

std::optional<int> signal_of(Flag flag) {
  const auto number = static_cast<std::uint32_t>(flag);
  const auto signal = static_cast<int>(number & 0xffU);
  if ((number & ~0xffU) != 0x200U || signal < 1 || signal > 64) return std::nullopt;
  return signal;
}

Bytes encode_input_credit(std::uint64_t consumed_bytes) {
  Bytes out(sizeof consumed_bytes);
  store_be(out.data(), consumed_bytes);
  return out;
}

std::optional<std::uint64_t> decode_input_credit(ByteView payload) {
  if (payload.size() != sizeof(std::uint64_t)) return std::nullopt;
  return load_be<std::uint64_t>(payload.data());
}

std::string encode_exit_code(int code) {
  return std::string(kExitCodePrefix) + std::to_string(code);
}

std::optional<int> decode_exit_code(ByteView payload) {
  auto text = as_text(payload);
  if (!text.starts_with(kExitCodePrefix)) return std::nullopt;
  text.remove_prefix(kExitCodePrefix.size());
  int code = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), code);
  if (ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return code;
}

}  // namespace postern::wire
