#include "wire/payloads.h"

#include <charconv>
#include <system_error>

namespace postern::wire {
namespace {

constexpr std::string_view kExitCodePrefix = "EXIT_CODE: ";

/// Reads a text from its front; once something does not fit, nothing does.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool skip(std::string_view expected) {
    if (!rest_.starts_with(expected)) return false;
    rest_.remove_prefix(expected.size());
    return true;
  }
  /// Up to the next quotation mark, in plain characters.
  bool skip_string() {
    const auto end = rest_.find_first_of("\"\\");
    if (end == std::string_view::npos || rest_[end] != '"') return false;
    for (const auto c : rest_.substr(0, end)) {
      if (c < 0x20 || c > 0x7e) return false;
    }
    rest_.remove_prefix(end + 1);
    return true;
  }
  bool number(std::int64_t& value) {
    // JSON knows no leading zeros; such a text is left to its parser to refuse.
    if (rest_.starts_with("-0") || (rest_.starts_with('0') && rest_.size() > 1 && is_digit(rest_[1])))
      return false;
    const auto [end, ec] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (ec != std::errc{}) return false;
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return true;
  }
  bool at_end() const { return rest_.empty(); }

 private:
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }

  std::string_view rest_;
};

std::optional<AcknowledgedNumbers> scan_acknowledge(std::string_view text) {
  Scanner scanner(text);
  AcknowledgedNumbers found;
  if (!scanner.skip(R"({"AcknowledgedMessageType":")") || !scanner.skip_string() ||
      !scanner.skip(R"(,"AcknowledgedMessageId":")") || !scanner.skip_string() ||
      !scanner.skip(R"(,"AcknowledgedMessageSequenceNumber":)") || !scanner.number(found.number) ||
      !scanner.skip(R"(,"IsSequentialMessage":true)"))
    return std::nullopt;
  if (scanner.skip(R"(,"AcknowledgedThrough":)")) {
    auto& progress = found.progress.emplace();
    if (!scanner.number(progress.acknowledged_through) || !scanner.skip(R"(,"HeldThrough":)") ||
        !scanner.number(progress.held_through))
      return std::nullopt;
    progress.gap = scanner.skip(R"(,"Gap":true)");
    progress.probe = scanner.skip(R"(,"Probe":true)");
  }
  if (!scanner.skip("}") || !scanner.at_end()) return std::nullopt;
  return found;
}

}  // namespace

std::optional<AcknowledgedNumbers> decode_acknowledge(std::string_view text) {
  if (const auto scanned = scan_acknowledge(text)) return scanned;
  const auto body = decode_json_text<Acknowledge>(text);
  if (!body) return std::nullopt;
  AcknowledgedNumbers found{body->acknowledged_message_sequence_number, {}};
  if (body->acknowledged_through) {
    found.progress = {*body->acknowledged_through, body->held_through.value_or(*body->acknowledged_through),
                      body->gap.value_or(false), body->probe.value_or(false)};
  }
  return found;
}

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
