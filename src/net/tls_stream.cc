#include "net/tls_stream.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <cerrno>
#include <new>

#include "net/error.h"

namespace postern::net {
namespace asio = boost::asio;
using boost::system::error_code;

namespace {

/// Explains what OpenSSL's error queue and the socket's errno hold after a fatal return.
std::exception_ptr explain(ssl_st* ssl, int kind, int socket_errno) {
  const auto code = ERR_peek_last_error();
  if (kind == SSL_ERROR_SYSCALL && socket_errno != 0) {
    return std::make_exception_ptr(
        boost::system::system_error(error_code(socket_errno, boost::system::system_category())));
  }
  if (code == 0 || ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
    return std::make_exception_ptr(
        NetError(Errc::kTlsTruncated, "TLS: connection ended without close_notify"));
  }
  const char* reason = ERR_reason_error_string(code);
  std::string text = std::string("TLS: ") + (reason ? reason : "failed");
  if (const long verdict = SSL_get_verify_result(ssl); verdict != X509_V_OK) {
    text += std::string(": ") + X509_verify_cert_error_string(verdict);
  }
  return std::make_exception_ptr(NetError(Errc::kTlsFailed, std::move(text)));
}

}  // namespace

void TlsStream::Free::operator()(ssl_st* ssl) const {
  SSL_free(ssl);
}

TlsStream::TlsStream(Socket socket, ssl_ctx_st* context)
    : SocketStream(std::move(socket)), write_bio_(socket_.native_handle()), ssl_(SSL_new(context)) {
  if (!ssl_ || SSL_set_rfd(ssl_.get(), socket_.native_handle()) != 1) throw std::bad_alloc();
  SSL_set0_wbio(ssl_.get(), write_bio_.native());
}

TlsStream::TlsStream(Socket socket, const TlsServerContext& context)
    : TlsStream(std::move(socket), context.native()) {
  SSL_set_accept_state(ssl_.get());
}

TlsStream::TlsStream(Socket socket, const TlsClientContext& context, const std::string& host)
    : TlsStream(std::move(socket), context.native()) {
  SSL_set_connect_state(ssl_.get());
  error_code not_an_address;
  asio::ip::make_address(host, not_an_address);
  bool ok = false;
  if (not_an_address) {
    SSL_set_hostflags(ssl_.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    ok = SSL_set1_host(ssl_.get(), host.c_str()) == 1 &&
         SSL_set_tlsext_host_name(ssl_.get(), host.c_str()) == 1;
  } else {
    ok = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_.get()), host.c_str()) == 1;
  }
  // Without the name the certificate of anybody would do.
  if (host.empty() || !ok) throw NetError(Errc::kTlsFailed, "TLS: not a usable host name");
}

TlsStream::~TlsStream() {
  close();
}

template <class Call>
TlsStream::Result TlsStream::attempt(Call call) {
  if (failure_) return Result::kFailed;
  ERR_clear_error();
  errno = 0;
  const int returned = call();
  if (returned > 0) return Result::kDone;
  const int socket_errno = errno;
  const int kind = SSL_get_error(ssl_.get(), returned);
  switch (kind) {
    case SSL_ERROR_WANT_READ:
      return Result::kWantRead;
    case SSL_ERROR_WANT_WRITE:
      return Result::kWantWrite;
    case SSL_ERROR_ZERO_RETURN:
      return Result::kEnded;
    default:
      failure_ = explain(ssl_.get(), kind, socket_errno);
      return Result::kFailed;
  }
}

awaitable<void> TlsStream::wait_for(Result want) {
  if (want == Result::kWantRead) {
    co_await wait_read();
  } else if (want == Result::kWantWrite) {
    co_await wait_write();
  } else if (want == Result::kEnded) {
    throw boost::system::system_error(asio::error::eof);
  } else {
    std::rethrow_exception(failure_);
  }
}

awaitable<void> TlsStream::handshake() {
  throw_if_closed();
  for (;;) {
    const auto result = attempt([this] { return SSL_do_handshake(ssl_.get()); });
    if (result == Result::kDone) break;
    co_await wait_for(result);
  }
  established_ = true;
}

awaitable<std::size_t> TlsStream::read_some(std::span<std::uint8_t> into) {
  co_await take_turns();
  std::size_t total = 0;
  const auto read = [&] {
    std::size_t size = 0;
    const int returned = SSL_read_ex(ssl_.get(), into.data() + total, into.size() - total, &size);
    total += size;
    return returned;
  };
  for (;;) {
    auto result = attempt(read);
    // An SSL_read gives one record at most. What else is there is taken along as far as there is room, which
    // a caller that expects little does not offer.
    while (result == Result::kDone && total < into.size()) result = attempt(read);
    if (total > 0) co_return total;
    if (result == Result::kEnded) co_return 0;
    co_await wait_for(result);
  }
}

bool TlsStream::has_pending() const {
  return failure_ || SSL_has_pending(ssl_.get()) == 1;
}

// The context asks for partial writes (tls.cc), so that each call writes one record.
TlsStream::Result TlsStream::write_record(ByteView from, std::size_t& size) {
  write_bio_.set_more(from.size() > SSL3_RT_MAX_PLAIN_LENGTH);
  return attempt([&] { return SSL_write_ex(ssl_.get(), from.data(), from.size(), &size); });
}

awaitable<void> TlsStream::write_all(ByteView from) {
  throw_if_closed();
  // A close_notify in the middle of a record that waits for room would corrupt both.
  struct Writing {
    explicit Writing(TlsStream& owner) : stream(owner) { stream.writing_ = true; }
    ~Writing() { stream.writing_ = false; }
    TlsStream& stream;
  };
  {
    const Writing writing(*this);
    while (!from.empty()) {
      std::size_t size = 0;
      const auto result = write_record(from, size);
      from = from.subspan(size);
      if (result != Result::kDone) co_await wait_for(result);
    }
  }
  if (shutdown_when_written_) shutdown_send();
}

std::size_t TlsStream::try_write(ByteView from) noexcept {
  std::size_t total = 0;
  while (!from.empty() && !writing_ && socket_.is_open()) {
    std::size_t size = 0;
    const auto result = write_record(from, size);
    if (result != Result::kDone) break;
    from = from.subspan(size);
    total += size;
  }
  return total;
}

void TlsStream::send_close_notify() noexcept {
  if (!established_ || failure_ || writing_ || !socket_.is_open()) return;
  ERR_clear_error();
  write_bio_.set_more(false);
  // Its success is not needed: the FIN that follows says the same to whoever listens.
  SSL_shutdown(ssl_.get());
}

void TlsStream::shutdown_send() noexcept {
  if (writing_) {
    shutdown_when_written_ = true;
    return;
  }
  send_close_notify();
  error_code ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
}

void TlsStream::close() noexcept {
  send_close_notify();
  error_code ignored;
  socket_.close(ignored);
}

}  // namespace postern::net
