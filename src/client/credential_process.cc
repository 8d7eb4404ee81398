#include "client/credential_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include "base/json_codec.h"

extern char** environ;

namespace postern::client {
namespace {

constexpr std::size_t kMaxOutputBytes = 64 * 1024;

struct ProcessCredentials {
  int version = 0;
  std::string access_key_id;
  Secret secret_access_key;
  std::optional<Secret> session_token;
};
BOOST_DESCRIBE_STRUCT(ProcessCredentials, (), (version, access_key_id, secret_access_key, session_token))

class FileActions {
 public:
  FileActions() { posix_spawn_file_actions_init(&actions_); }
  ~FileActions() { posix_spawn_file_actions_destroy(&actions_); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
  posix_spawn_file_actions_t* get() { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

// Everything up to the end of the stream; what exceeds the limit is read and dropped, so that the process can
// end.
std::string read_all(int fd) {
  std::string text;
  std::array<char, 4096> block;
  for (;;) {
    const auto got = ::read(fd, block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return text;
    if (text.size() <= kMaxOutputBytes) text.append(block.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace

std::expected<std::vector<std::string>, std::string> split_command(std::string_view command) {
  std::vector<std::string> words;
  std::optional<std::string> word;
  char quote = 0;
  for (std::size_t i = 0; i < command.size(); ++i) {
    const char c = command[i];
    if (quote == 0 && (c == ' ' || c == '\t' || c == '\n')) {
      if (word) words.push_back(std::move(*word));
      word.reset();
      continue;
    }
    if (!word) word.emplace();
    if (c == quote) {
      quote = 0;
    } else if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
    } else if (c == '\\' && quote != '\'' && i + 1 < command.size()) {
      *word += command[++i];
    } else {
      *word += c;
    }
  }
  if (quote != 0) return std::unexpected("a quote is not closed");
  if (word) words.push_back(std::move(*word));
  return words;
}

std::expected<aws::Credentials, std::string> parse_process_credentials(std::string_view json) {
  auto parsed = decode_json_text<ProcessCredentials>(json);
  if (!parsed) return std::unexpected("its output is not what it should be: " + parsed.error().message());
  if (parsed->version != 1)
    return std::unexpected(fmt::format("its output has Version {}, not 1", parsed->version));
  return aws::Credentials{std::move(parsed->access_key_id), std::move(parsed->secret_access_key),
                          std::move(parsed->session_token)};
}

std::expected<aws::Credentials, std::string> run_credential_process(const std::string& command) {
  auto words = split_command(command);
  if (!words) return std::unexpected(words.error());
  if (words->empty()) return std::unexpected("the command is empty");
  std::vector<char*> arguments;
  for (auto& word : *words) arguments.push_back(word.data());
  arguments.push_back(nullptr);

  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return std::unexpected(std::strerror(errno));
  FileActions actions;
  posix_spawn_file_actions_adddup2(actions.get(), pipe[1], STDOUT_FILENO);
  pid_t pid = 0;
  const int failed = posix_spawnp(&pid, arguments[0], actions.get(), nullptr, arguments.data(), environ);
  ::close(pipe[1]);
  // Held as a secret, since that is what it is.
  const Secret output(failed == 0 ? read_all(pipe[0]) : std::string());
  ::close(pipe[0]);
  if (failed != 0)
    return std::unexpected(fmt::format("can't run {}: {}", arguments[0], std::strerror(failed)));
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    return std::unexpected(fmt::format("{} failed", arguments[0]));
  if (output.reveal().size() > kMaxOutputBytes) return std::unexpected("its output is too long");
  return parse_process_credentials(output.reveal());
}

}  // namespace postern::client
