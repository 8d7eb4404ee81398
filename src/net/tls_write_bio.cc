#include "net/tls_write_bio.h"

#include <openssl/bio.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>
#include <new>

namespace postern::net {
namespace {

struct FreeMethod {
  void operator()(BIO_METHOD* method) const { BIO_meth_free(method); }
};

}  // namespace

TlsWriteBio::TlsWriteBio(int descriptor) : descriptor_(descriptor) {
  static const std::unique_ptr<BIO_METHOD, FreeMethod> method = [] {
    std::unique_ptr<BIO_METHOD, FreeMethod> made(
        BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket"));
    if (!made || BIO_meth_set_write(made.get(), write) != 1 || BIO_meth_set_ctrl(made.get(), control) != 1)
      throw std::bad_alloc();
    return made;
  }();
  bio_ = BIO_new(method.get());
  if (bio_ == nullptr) throw std::bad_alloc();
  BIO_set_data(bio_, this);
  BIO_set_init(bio_, 1);
}

int TlsWriteBio::write(bio_st* bio, const char* data, int size) {
  const auto& self = *static_cast<const TlsWriteBio*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  const auto sent = ::send(self.descriptor_, data, static_cast<std::size_t>(size),
                           MSG_NOSIGNAL | (self.more_ ? MSG_MORE : 0));
  if (sent < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_write(bio);
  return static_cast<int>(sent);
}

long TlsWriteBio::control(bio_st*, int command, long, void*) {
  // Nothing is kept here that could be flushed.
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

}  // namespace postern::net
