#pragma once

struct bio_st;

namespace postern::net {

/// The writing side of OpenSSL over a non-blocking socket: as its own, but a record behind which another
/// follows at once is sent so that the kernel joins them (MSG_MORE, send(2)): fewer and larger segments,
/// where each record would otherwise leave as one. Ends of connections that are gone give EPIPE, never
/// SIGPIPE.
class TlsWriteBio {
 public:
  /// Takes `descriptor`, which it doesn't close. Throws std::bad_alloc.
  explicit TlsWriteBio(int descriptor);
  TlsWriteBio(const TlsWriteBio&) = delete;
  TlsWriteBio& operator=(const TlsWriteBio&) = delete;

  /// For SSL_set0_wbio, which becomes its owner: to be called once. This must outlive it.
  bio_st* native() { return bio_; }

  /// Whether more follows what is written next.
  void set_more(bool more) { more_ = more; }

 private:
  static int write(bio_st* bio, const char* data, int size);
  static long control(bio_st* bio, int command, long number, void* pointer);

  int descriptor_;
  bool more_ = false;
  bio_st* bio_;
};

}  // namespace postern::net
