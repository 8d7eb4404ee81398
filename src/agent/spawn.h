#pragma once

#include <boost/asio/any_io_executor.hpp>

#include "net/stream.h"

namespace postern::agent {

/// Runs a coroutine by itself; what it throws is logged under `name`, which must be a literal.
void spawn(boost::asio::any_io_executor executor, const char* name, net::awaitable<void> work);

}  // namespace postern::agent
