#include "agent/copy/copy_files.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <stdexcept>

#include "copy/destination.h"
#include "copy/source.h"

namespace postern::agent {
namespace {

// What a peer has ended the copy with; the texts are for the person.
class CopyOver : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

std::string error_text(const char* what) {
  return fmt::format("{}: {}", what, std::strerror(errno));
}

void write_all(ByteView bytes) {
  while (!bytes.empty()) {
    const auto put = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) throw CopyOver(error_text("the connection to the other end"));
    bytes = bytes.subspan(static_cast<std::size_t>(put));
  }
}

// Reads what there is, waiting for something; never returns nothing.
ByteView read_some(std::span<std::uint8_t> buffer) {
  for (;;) {
    const auto got = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (got > 0) return buffer.first(static_cast<std::size_t>(got));
    if (got == 0) throw CopyOver("the other end has gone away");
    if (errno != EINTR) throw CopyOver(error_text("the connection to the other end"));
  }
}

bool input_waits() {
  pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
  return ::poll(&input, 1, 0) > 0;
}

void require(const std::expected<void, std::string>& result) {
  if (!result) throw CopyOver(result.error());
}

std::uint64_t receive_files(const std::string& path, std::span<std::uint8_t> buffer) {
  copy::Destination destination(path);
  while (!destination.finished()) {
    require(destination.on_bytes(read_some(buffer)));
    write_all(destination.take_output());
  }
  return destination.progress().failure_count;
}

std::uint64_t send_files(const std::string& path, std::span<std::uint8_t> buffer) {
  copy::Source source({path}, copy::Recursion::kYes);
  while (!source.finished()) {
    const auto bytes = source.next();
    write_all(bytes);
    // Answers are taken as they come: a refused file need not be sent to its end.
    if (bytes.empty() || input_waits()) require(source.on_bytes(read_some(buffer)));
  }
  for (const auto& failure : source.progress().failures) fmt::print(stderr, "{}\n", failure);
  return source.progress().failure_count;
}

}  // namespace

std::expected<CopyDirection, std::string> parse_copy_direction(std::string_view text) {
  if (text == "upload") return CopyDirection::kUpload;
  if (text == "download") return CopyDirection::kDownload;
  return std::unexpected(fmt::format("the direction {} is neither upload nor download", text));
}

int run_copy_files(CopyDirection direction, const std::string& path) {
  std::signal(SIGPIPE, SIG_IGN);
  std::array<std::uint8_t, 64 * 1024> buffer;
  try {
    const auto failures =
        direction == CopyDirection::kUpload ? receive_files(path, buffer) : send_files(path, buffer);
    return failures == 0 ? 0 : 1;
  } catch (const std::exception& failure) {
    fmt::print(stderr, "{}\n", failure.what());
    return 1;
  }
}

}  // namespace postern::agent
