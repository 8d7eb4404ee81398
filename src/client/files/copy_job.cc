#include "client/files/copy_job.h"

#include <algorithm>
#include <utility>

namespace postern::client {

/// Gives what this end says, until the copy is over.
class CopyJob::Input final : public ByteSource {
 public:
  explicit Input(CopyJob& job) : job_(job) {}

  awaitable<std::size_t> read_some(std::span<std::uint8_t> into) override {
    for (;;) {
      if (left_.empty()) left_ = job_.next();
      if (!left_.empty()) break;
      if (job_.finished() || !job_.failure_.empty()) co_return 0;
      co_await job_.changed_.wait();
    }
    const auto size = std::min(into.size(), left_.size());
    std::ranges::copy(left_.first(size), into.begin());
    left_ = left_.subspan(size);
    co_return size;
  }

 private:
  CopyJob& job_;
  /// Of what next() gave last.
  ByteView left_;
};

/// Takes what the node says. Once the copy has failed it is thrown away: the node is told by the end of
/// input.
class CopyJob::Output final : public ByteSink {
 public:
  explicit Output(CopyJob& job) : job_(job) {}

  awaitable<void> write_all(ByteView bytes) override {
    job_.receive(bytes);
    co_return;
  }

 private:
  CopyJob& job_;
};

CopyJob::CopyJob(const boost::asio::any_io_executor& executor, copy::Source source)
    : source_(std::move(source)),
      changed_(executor),
      input_(std::make_unique<Input>(*this)),
      output_(std::make_unique<Output>(*this)) {}

CopyJob::CopyJob(const boost::asio::any_io_executor& executor, copy::Destination destination)
    : destination_(std::move(destination)),
      changed_(executor),
      input_(std::make_unique<Input>(*this)),
      output_(std::make_unique<Output>(*this)) {}

CopyJob::~CopyJob() = default;

ByteSource& CopyJob::input() {
  return *input_;
}

ByteSink& CopyJob::output() {
  return *output_;
}

bool CopyJob::finished() const {
  return source_ ? source_->finished() : destination_->finished();
}

const copy::Progress& CopyJob::progress() const {
  return source_ ? source_->progress() : destination_->progress();
}

ByteView CopyJob::next() {
  if (!failure_.empty()) return {};
  if (source_) return source_->next();
  answers_ = destination_->take_output();
  return answers_;
}

void CopyJob::receive(ByteView bytes) {
  if (!failure_.empty()) return;
  const auto used = source_ ? source_->on_bytes(bytes) : destination_->on_bytes(bytes);
  if (!used) failure_ = used.error();
  changed_.notify();
}

}  // namespace postern::client
