#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/secret.h"

/// One line per event on standard error: time, level, event name, then key=value pairs. Values are quoted and
/// control characters escaped, so that nothing a peer sends can forge a line or drive a terminal.
namespace postern::log {

enum class Level { kDebug, kInfo, kWarning, kError, kOff };
enum class Format { kText, kJson };

/// Sets the process's lowest level and line format. Call before threads start.
void configure(Level level, Format format);

/// Accepts debug, info, warning, error, off.
bool parse_level(std::string_view text, Level& out);

/// One key=value pair; it refers to the key and owns the value's text.
class Field {
 public:
  Field(std::string_view key, std::string_view value) : key_(key), value_(value) {}
  Field(std::string_view key, const char* value) : key_(key), value_(value) {}
  Field(std::string_view key, const std::string& value) : key_(key), value_(value) {}
  Field(std::string_view key, std::int64_t value) : key_(key), value_(std::to_string(value)), bare_(true) {}
  Field(std::string_view key, std::uint64_t value) : key_(key), value_(std::to_string(value)), bare_(true) {}
  Field(std::string_view key, int value) : key_(key), value_(std::to_string(value)), bare_(true) {}
  Field(std::string_view key, unsigned value) : key_(key), value_(std::to_string(value)), bare_(true) {}
  Field(std::string_view key, const Secret&) = delete;

  std::string_view key() const { return key_; }
  std::string_view value() const { return value_; }
  /// A number, written without quotes in JSON.
  bool bare() const { return bare_; }

 private:
  std::string_view key_;
  std::string value_;
  bool bare_ = false;
};

using Fields = std::initializer_list<Field>;

/// Event names are lower case with underscores, past tense where something happened: `session_started`.
void debug(std::string_view event, Fields fields = {});
void info(std::string_view event, Fields fields = {});
void warning(std::string_view event, Fields fields = {});
void error(std::string_view event, Fields fields = {});

/// The line as it is written after time and level; exposed for tests.
std::string format_text(std::string_view event, Fields fields);
std::string format_json(std::string_view level, std::string_view time, std::string_view event, Fields fields);

}  // namespace postern::log
