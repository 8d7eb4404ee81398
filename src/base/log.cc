#include "base/log.h"

#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>

#include "base/clock.h"

namespace postern::log {
namespace {

Format g_format = Format::kText;

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::kDebug:
      return spdlog::level::debug;
    case Level::kInfo:
      return spdlog::level::info;
    case Level::kWarning:
      return spdlog::level::warn;
    case Level::kError:
      return spdlog::level::err;
    case Level::kOff:
      break;
  }
  return spdlog::level::off;
}

spdlog::logger& logger() {
  // Leaked on purpose: detached work may log while static objects are destroyed.
  static auto* instance = [] {
    auto* made = new spdlog::logger("postern", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%v");
    made->set_level(spdlog::level::info);
    made->flush_on(spdlog::level::debug);
    return made;
  }();
  return *instance;
}

bool is_plain(std::string_view value) {
  if (value.empty()) return false;
  for (const char c : value) {
    const auto u = static_cast<unsigned char>(c);
    if (u <= 0x20 || u >= 0x7f || c == '"' || c == '=' || c == '\\') return false;
  }
  return true;
}

std::string quote(std::string_view value) {
  std::string out = "\"";
  for (const char c : value) {
    const auto u = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (u < 0x20 || u == 0x7f) {
      out += fmt::format("\\x{:02x}", u);
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string json_string(std::string_view text) {
  // Invalid UTF-8 would make the line invalid JSON; such text is shown escaped instead.
  for (const char c : text) {
    if (static_cast<unsigned char>(c) >= 0x80)
      return boost::json::serialize(boost::json::string(quote(text)));
  }
  return boost::json::serialize(boost::json::string(text));
}

void write(spdlog::level::level_enum level, std::string_view name, std::string_view event, Fields fields) {
  auto& out = logger();
  if (!out.should_log(level)) return;
  const auto time = to_iso8601(SystemClock{}.now(), IsoFraction::kMilliseconds);
  if (g_format == Format::kJson) {
    out.log(level, "{}", format_json(name, time, event, fields));
  } else {
    out.log(level, "{} {:<7} {}", time, name, format_text(event, fields));
  }
}

}  // namespace

void configure(Level level, Format format) {
  g_format = format;
  logger().set_level(to_spdlog(level));
}

bool parse_level(std::string_view text, Level& out) {
  constexpr std::pair<std::string_view, Level> kLevels[] = {{"debug", Level::kDebug},
                                                            {"info", Level::kInfo},
                                                            {"warning", Level::kWarning},
                                                            {"error", Level::kError},
                                                            {"off", Level::kOff}};
  for (const auto& [name, level] : kLevels) {
    if (name == text) {
      out = level;
      return true;
    }
  }
  return false;
}

std::string format_text(std::string_view event, Fields fields) {
  std::string line(event);
  for (const auto& field : fields) {
    line += ' ';
    line += field.key();
    line += '=';
    line += is_plain(field.value()) ? std::string(field.value()) : quote(field.value());
  }
  return line;
}

std::string format_json(std::string_view level, std::string_view time, std::string_view event,
                        Fields fields) {
  std::string line = fmt::format(R"({{"time":"{}","level":"{}","event":{})", time, level, json_string(event));
  for (const auto& field : fields) {
    line += fmt::format(",{}:{}", json_string(field.key()),
                        field.bare() ? std::string(field.value()) : json_string(field.value()));
  }
  return line + '}';
}

void debug(std::string_view event, Fields fields) {
  write(spdlog::level::debug, "debug", event, fields);
}
void info(std::string_view event, Fields fields) {
  write(spdlog::level::info, "info", event, fields);
}
void warning(std::string_view event, Fields fields) {
  write(spdlog::level::warn, "warning", event, fields);
}
void error(std::string_view event, Fields fields) {
  write(spdlog::level::err, "error", event, fields);
}

}  // namespace postern::log
