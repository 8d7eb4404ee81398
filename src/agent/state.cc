#include "agent/state.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

namespace postern::agent {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxRegistrationBytes = 64 * 1024;

[[noreturn]] void fail(const char* what, const fs::path& path) {
  throw std::runtime_error(fmt::format("cannot {} {}: {}", what, path.string(), std::strerror(errno)));
}

class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int get() const { return descriptor_; }
  bool valid() const { return descriptor_ >= 0; }

 private:
  int descriptor_;
};

void sync_directory(const fs::path& directory) {
  const File file(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!file.valid() || ::fsync(file.get()) != 0) fail("sync", directory);
}

void write_atomically(const fs::path& path, std::string_view content) {
  const fs::path temporary = path.string() + ".new";
  // A leftover of an interrupted attempt may have been made with other permissions.
  ::unlink(temporary.c_str());
  const File file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file.valid()) fail("create", temporary);
  while (!content.empty()) {
    const auto written = ::write(file.get(), content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("write", temporary);
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(file.get()) != 0) fail("sync", temporary);
  if (::rename(temporary.c_str(), path.c_str()) != 0) fail("replace", path);
  sync_directory(path.parent_path());
}

void check_private(const fs::path& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) fail("read", path);
  if ((info.st_mode & 077) != 0) {
    throw std::runtime_error(
        fmt::format("{} holds a private key but others may open it: run chmod go= on it", path.string()));
  }
}

}  // namespace

std::string read_file(const fs::path& path, std::size_t limit) {
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) fail("read", path);
  std::string content;
  char buffer[16 * 1024];
  for (;;) {
    const auto got = ::read(file.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail("read", path);
    if (got == 0) return content;
    content.append(buffer, static_cast<std::size_t>(got));
    if (content.size() > limit) {
      throw std::runtime_error(fmt::format("{} is larger than {} bytes", path.string(), limit));
    }
  }
}

fs::path StateDirectory::default_path() {
  if (::geteuid() == 0) return "/var/lib/postern-agent";
  if (const char* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state == '/') {
    return fs::path(state) / "postern-agent";
  }
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home == '\0') {
    const auto* user = ::getpwuid(::geteuid());
    home = user != nullptr ? user->pw_dir : "/";
  }
  return fs::path(home) / ".local/state/postern-agent";
}

bool StateDirectory::registered() const {
  std::error_code ignored;
  return fs::exists(fs::symlink_status(registration_file(), ignored));
}

std::optional<NodeState> StateDirectory::load() const {
  const auto file = registration_file();
  if (!registered()) return std::nullopt;
  check_private(file);
  auto state = decode_json_text<NodeState>(read_file(file, kMaxRegistrationBytes));
  if (!state)
    throw std::runtime_error(fmt::format("{} is damaged: {}", file.string(), state.error().message()));
  return std::move(*state);
}

std::string StateDirectory::ca_bundle_file() const {
  const auto file = path_ / "ca.pem";
  std::error_code ignored;
  return fs::exists(file, ignored) ? file.string() : std::string();
}

void StateDirectory::prepare() const {
  std::error_code ec;
  if (path_.has_parent_path()) fs::create_directories(path_.parent_path(), ec);
  if (::mkdir(path_.c_str(), 0700) != 0 && errno != EEXIST) fail("create", path_);
  if (::access(path_.c_str(), W_OK | X_OK) != 0) fail("write to", path_);
}

void StateDirectory::save(const NodeState& state, const std::string& ca_bundle_pem) const {
  prepare();
  if (::chmod(path_.c_str(), 0700) != 0) fail("restrict", path_);
  const auto ca_file = path_ / "ca.pem";
  if (ca_bundle_pem.empty()) {
    if (::unlink(ca_file.c_str()) != 0 && errno != ENOENT) fail("remove", ca_file);
  } else {
    write_atomically(ca_file, ca_bundle_pem);
  }
  // Last, because its existence is what registered() asks for.
  const Secret text(encode_json_text(state));
  write_atomically(registration_file(), text.reveal());
}

}  // namespace postern::agent
