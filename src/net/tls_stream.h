#pragma once

#include <memory>
#include <string>

#include "net/socket_stream.h"
#include "net/tls.h"
#include "net/tls_write_bio.h"

struct ssl_st;

namespace postern::net {

/// TLS over a TCP socket with nothing in between: OpenSSL reads and writes the descriptor itself, and an idle
/// connection holds no buffer of ours. Programs ignore SIGPIPE (runtime.h), since OpenSSL writes to sockets
/// that the peer may have closed.
class TlsStream final : public SocketStream {
 public:
  TlsStream(Socket socket, const TlsServerContext& context);
  /// `host` is the name or address that the server's certificate must be for; a name is also sent as SNI.
  TlsStream(Socket socket, const TlsClientContext& context, const std::string& host);
  ~TlsStream() override;

  /// Once, before anything else. Throws NetError (kTlsFailed), with the verification's reason on a client.
  awaitable<void> handshake();

  awaitable<std::size_t> read_some(std::span<std::uint8_t> into) override;
  bool has_pending() const override;
  awaitable<void> write_all(ByteView from) override;
  std::size_t try_write(ByteView from) noexcept override;
  void shutdown_send() noexcept override;
  void close() noexcept override;

 private:
  enum class Result { kDone, kWantRead, kWantWrite, kEnded, kFailed };

  TlsStream(Socket socket, ssl_ctx_st* context);
  /// Runs one OpenSSL call that returns like SSL_read; on kFailed the reason is in failure_.
  template <class Call>
  Result attempt(Call call);
  awaitable<void> wait_for(Result want);
  void send_close_notify() noexcept;

  struct Free {
    void operator()(ssl_st* ssl) const;
  };
  /// SSL_write for one record.
  Result write_record(ByteView from, std::size_t& size);

  TlsWriteBio write_bio_;
  std::unique_ptr<ssl_st, Free> ssl_;
  bool established_ = false;
  bool writing_ = false;
  bool shutdown_when_written_ = false;
  /// Set at the first fatal error, after which OpenSSL must not be called again.
  std::exception_ptr failure_;
};

}  // namespace postern::net
