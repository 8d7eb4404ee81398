#pragma once

#include <string>

#include "net/http_codec.h"
#include "net/stream.h"

namespace postern::net {

/// A request and what its connection needs to know of it.
struct ReceivedRequest {
  Request request;
  bool http11 = true;
  bool keep_alive = true;
};

/// Appends what the stream has to `inbox`; false at its end.
awaitable<bool> read_more(Stream& stream, std::string& inbox);

/// Reads one request; what arrived behind it stays in `inbox`. Answers `Expect: 100-continue`. Throws
/// system_error with the codec's errors, eof when the stream ended before the first byte, kHttpEndedEarly
/// when within the request. The arguments must outlive the call.
awaitable<ReceivedRequest> read_request(Stream& stream, std::string& inbox, HttpLimits limits);

struct ReceivedResponse {
  Response response;
  bool keep_alive = true;
};

/// Reads one final response (or 101), passing over other interim ones. As above.
awaitable<ReceivedResponse> read_response(Stream& stream, std::string& inbox, HttpLimits limits,
                                          ResponseTo method);

}  // namespace postern::net
