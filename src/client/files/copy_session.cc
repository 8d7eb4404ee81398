#include "client/files/copy_session.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <cstdio>

#include "client/files/progress_line.h"
#include "client/session/say.h"

namespace postern::client {
namespace asio = boost::asio;
namespace {

constexpr std::chrono::milliseconds kRedraw{200};
// Of the node's words; what is longer is cut into lines of this length.
constexpr std::size_t kMaxLineBytes = 4096;
constexpr std::size_t kUsualColumns = 80;

std::size_t columns() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : kUsualColumns;
}

void write_error(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

}  // namespace

awaitable<void> CopySession::Complaints::write_all(ByteView bytes) {
  for (const auto c : as_text(bytes)) {
    if (c != '\n') line_ += c;
    if (c != '\n' && line_.size() < kMaxLineBytes) continue;
    // After a failure of this end the node only says that it has gone.
    if (session_.job_->failure().empty()) {
      session_.tell(line_);
      session_.outcome_.failure = line_;
    }
    line_.clear();
  }
  co_return;
}

CopySession::CopySession(const asio::any_io_executor& executor, SessionLink& link, const SessionFacts& facts,
                         std::unique_ptr<CopyJob> job, CopyOutcome& outcome, std::optional<int>& exit_code)
    : job_(std::move(job)),
      outcome_(outcome),
      complaints_(*this),
      command_(executor, link, facts,
               {.input = &job_->input(), .output = &job_->output(), .error = &complaints_},
               {.tell = [this](std::string_view line) { tell(line); }}, exit_code) {}

CopySession::~CopySession() {
  clear_line();
  outcome_.progress = job_->progress();
  outcome_.elapsed = std::chrono::steady_clock::now() - began_;
  outcome_.finished = job_->finished();
  if (!job_->failure().empty()) outcome_.failure = job_->failure();
}

awaitable<Parting> CopySession::run() {
  const auto executor = co_await asio::this_coro::executor;
  auto command = asio::co_spawn(executor, command_.run(), asio::deferred);
  auto display = asio::co_spawn(executor, show_progress(), asio::deferred);
  auto group = asio::experimental::make_parallel_group(std::move(command), std::move(display));
  auto [order, failure, parting, display_failure] =
      co_await group.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
  if (order[0] == 1 && display_failure) std::rethrow_exception(display_failure);
  if (failure) std::rethrow_exception(failure);
  co_return parting;
}

void CopySession::tell(std::string_view line) {
  clear_line();
  say(line);
}

awaitable<void> CopySession::show_progress() {
  const bool terminal = ::isatty(STDERR_FILENO) == 1;
  asio::steady_timer timer(co_await asio::this_coro::executor);
  for (;;) {
    timer.expires_after(kRedraw);
    co_await timer.async_wait(asio::use_awaitable);
    if (!terminal) continue;
    const auto elapsed = std::chrono::steady_clock::now() - began_;
    // The last column stays free: some terminals begin a new line there.
    write_error('\r' + progress_line(job_->progress(), elapsed, columns() - 1) + "\x1b[K");
    line_shown_ = true;
  }
}

void CopySession::clear_line() {
  if (std::exchange(line_shown_, false)) write_error("\r\x1b[K");
}

}  // namespace postern::client
