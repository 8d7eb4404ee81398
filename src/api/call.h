#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/describe.hpp>
#include <cstdint>
#include <expected>
#include <string>

#include "api/services.h"
#include "auth/principal.h"
#include "aws/error.h"
#include "net/http.h"

namespace postern::api {

template <class T>
using awaitable = boost::asio::awaitable<T>;

/// What an operation answers: its response struct, or an error.
template <class T>
using Result = std::expected<T, aws::ApiError>;

/// A response without members.
struct Empty {};
BOOST_DESCRIBE_STRUCT(Empty, (), ())

/// One request on its way through the line. It lives in the dispatcher's frame for the whole call, so
/// operations may refer to it.
struct Call {
  const Services& services;
  const net::Request& request;
  std::string request_id;
  /// Where the request came from: the peer, or what a trusted proxy says.
  std::string source_address;
  /// The authorizer's when the request came, before its credentials were looked up.
  std::uint64_t generation = 0;
  auth::Principal principal;
  /// For the log: what was decided, and about what.
  std::string action;
  std::string resource;
  std::string decision;
};

}  // namespace postern::api
