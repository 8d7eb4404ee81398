#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "client/port/local_address.h"

namespace postern::client {

class LocalStream;

/// Whoever moves the bytes of local connections.
class LocalStreamOwner {
 public:
  virtual ~LocalStreamOwner() = default;
  /// There is something to read, or the end of it.
  virtual void on_readable(LocalStream& stream) = 0;
  /// What connect() was asked for.
  virtual void on_connected(LocalStream& stream) = 0;
  /// `size` bytes that were put have been taken by the connection.
  virtual void on_written(LocalStream& stream, std::size_t size) = 0;
  /// The connection could not be made or takes no more; it is closed by now.
  virtual void on_broken(LocalStream& stream, std::string_view reason) = 0;
};

/// One local connection, read when asked and written without waiting; what it does not take waits here, and
/// the owner bounds how much that can be. One executor.
class LocalStream : public std::enable_shared_from_this<LocalStream> {
 public:
  /// `owner` must outlive the stream or detach() it.
  LocalStream(LocalSocket socket, LocalStreamOwner& owner);
  /// Not connected yet; what is put waits.
  LocalStream(const boost::asio::any_io_executor& executor, LocalStreamOwner& owner);

  /// Connects to a local service: then on_connected() or on_broken().
  void connect(LocalAddress address);

  /// Calls on_readable() once when there is something to read.
  void want_read();
  struct Read {
    enum class Kind { kBytes, kNothing, kEnd, kBroken };
    Kind kind;
    std::size_t size = 0;
    /// For kBroken.
    std::string reason = {};
  };
  /// Never waits.
  Read read_some(std::span<std::uint8_t> into);

  /// Writes what is taken at once, keeps the rest. on_written() and on_broken() come later, never from here;
  /// gives how much was taken.
  std::size_t put(ByteView bytes);
  std::size_t pending() const { return pending_.size() - written_; }

  /// No more will be put: ends the connection's direction once everything has left.
  void end();
  /// Closes once everything has left.
  void close_when_written();
  /// Drops the connection so that its peer sees a failure rather than an end.
  void abort();
  void close();
  bool is_open() const { return socket_.is_open(); }
  bool is_closed() const { return closed_; }

  /// The owner hears nothing more; what is pending is still written.
  void detach() { owner_ = nullptr; }

 private:
  enum class AtEnd { kStay, kShutdown, kClose };
  void adopt(LocalSocket socket);
  void want_write();
  void write_pending();
  void finish_if_written();
  void fail(std::string_view reason);

  LocalSocket socket_;
  LocalStreamOwner* owner_;
  Bytes pending_;
  std::size_t written_ = 0;
  bool closed_ = false;
  bool reading_ = false;
  bool writing_ = false;
  AtEnd at_end_ = AtEnd::kStay;
};

}  // namespace postern::client
