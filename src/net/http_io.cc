#include "net/http_io.h"

#include <boost/asio/error.hpp>

namespace postern::net {
namespace asio = boost::asio;
using boost::system::system_error;

namespace {

constexpr std::size_t kReadBytes = 16 * 1024;
/// A server that never comes to the point would keep us reading for ever.
constexpr int kMaxInterimResponses = 8;

/// Feeds what is in `inbox` and keeps the rest.
template <class Parser>
void feed(Parser& parser, std::string& inbox) {
  const auto taken = parser.feed(inbox);
  if (!taken) throw system_error(taken.error());
  inbox.erase(0, *taken);
}

}  // namespace

awaitable<bool> read_more(Stream& stream, std::string& inbox) {
  const auto before = inbox.size();
  if (before == 0 && !stream.has_pending()) {
    inbox.shrink_to_fit();
    co_await stream.wait_readable();
  }
  inbox.resize(before + kReadBytes);
  std::size_t size = 0;
  std::exception_ptr failure;
  try {
    size = co_await stream.read_some({reinterpret_cast<std::uint8_t*>(inbox.data()) + before, kReadBytes});
  } catch (...) {
    failure = std::current_exception();
  }
  inbox.resize(before + size);
  if (failure) std::rethrow_exception(failure);
  co_return size > 0;
}

awaitable<ReceivedRequest> read_request(Stream& stream, std::string& inbox, HttpLimits limits) {
  RequestParser parser(limits);
  bool begun = false;
  bool continued = false;
  for (;;) {
    if (!inbox.empty()) {
      begun = true;
      feed(parser, inbox);
      // Once more, because a parser stops between header and body.
      if (!parser.done() && parser.header_done() && !inbox.empty()) feed(parser, inbox);
    }
    if (parser.done()) break;
    if (parser.expects_continue() && !continued) {
      continued = true;
      co_await stream.write_all(as_bytes("HTTP/1.1 100 Continue\r\n\r\n"));
    }
    const bool more = co_await read_more(stream, inbox);
    if (!more) throw system_error(begun ? make_error_code(Errc::kHttpEndedEarly) : asio::error::eof);
  }
  ReceivedRequest received;
  received.http11 = parser.is_http11();
  received.keep_alive = parser.keep_alive();
  received.request = parser.take();
  co_return received;
}

awaitable<ReceivedResponse> read_response(Stream& stream, std::string& inbox, HttpLimits limits,
                                          ResponseTo method) {
  for (int interim = 0; interim <= kMaxInterimResponses; ++interim) {
    ResponseParser parser(limits, method);
    while (!parser.done()) {
      const auto before = inbox.size();
      if (before > 0) feed(parser, inbox);
      if (parser.done()) break;
      if (!inbox.empty() && inbox.size() < before) continue;
      const bool more = co_await read_more(stream, inbox);
      if (more) continue;
      if (const auto ended = parser.finish(); !ended) throw system_error(ended.error());
    }
    ReceivedResponse received;
    received.keep_alive = parser.keep_alive();
    received.response = parser.take();
    const auto status = received.response.status;
    if (status >= 200 || status == 101) co_return received;
  }
  throw system_error(Errc::kHttpMalformed);
}

}  // namespace postern::net
