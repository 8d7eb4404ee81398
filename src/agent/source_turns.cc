#include "agent/source_turns.h"

#include <boost/asio/post.hpp>

#include "agent/spawn.h"

namespace postern::agent {
namespace asio = boost::asio;
namespace {

// Then whatever else is ready on this thread comes first: acknowledgements above all.
constexpr int kTurnsAtOnce = 8;

}  // namespace

SourceTurns::SourceTurns(asio::any_io_executor executor, ChannelDriver& channel)
    : executor_(executor), channel_(channel), blocked_(executor) {}

void SourceTurns::start() {
  spawn(executor_, "source_turns", run());
}

void SourceTurns::add(std::shared_ptr<Source> source) {
  waiting_.push_back(std::move(source));
  take_turns();
}

void SourceTurns::watch(std::shared_ptr<Source> source) {
  auto* const descriptor = source->descriptor();
  descriptor->async_wait(asio::posix::stream_descriptor::wait_read,
                         [this, source = std::move(source)](boost::system::error_code ec) {
                           // Closed here meanwhile.
                           if (ec) return;
                           add(source);
                         });
}

void SourceTurns::take_turns() {
  if (taking_) return;
  taking_ = true;
  for (int turns = 0; turns < kTurnsAtOnce && !waiting_.empty() && channel_.can_send(); ++turns) {
    auto source = std::move(waiting_.front());
    waiting_.pop_front();
    switch (source->take_turn()) {
      case Source::Outcome::kMore:
        waiting_.push_back(std::move(source));
        break;
      case Source::Outcome::kDrained:
        watch(std::move(source));
        break;
      case Source::Outcome::kOut:
        break;
    }
  }
  taking_ = false;
  if (waiting_.empty()) return;
  if (!channel_.can_send()) {
    blocked_.notify();
  } else if (!posted_) {
    posted_ = true;
    asio::post(executor_, [this] {
      posted_ = false;
      take_turns();
    });
  }
}

net::awaitable<void> SourceTurns::run() {
  for (;;) {
    // Room may have come, and its news gone by, before this coroutine had its turn: so what counts is not who
    // woke it but whether somebody waits whom no posted turn will reach.
    while (waiting_.empty() || posted_) co_await blocked_.wait();
    if (!channel_.can_send()) co_await channel_.wait_can_send();
    take_turns();
  }
}

}  // namespace postern::agent
