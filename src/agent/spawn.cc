#include "agent/spawn.h"

#include <boost/asio/co_spawn.hpp>
#include <exception>

#include "agent/service.h"
#include "base/log.h"

namespace postern::agent {

void spawn(boost::asio::any_io_executor executor, const char* name, net::awaitable<void> work) {
  boost::asio::co_spawn(executor, std::move(work), [name](const std::exception_ptr& failure) {
    if (failure) log::error("task_failed", {{"task", name}, {"reason", failure_text(failure)}});
  });
}

}  // namespace postern::agent
