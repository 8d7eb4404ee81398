#include "agent/port/name_resolver.h"

#include <netdb.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <cstring>
#include <optional>
#include <thread>

#include "agent/spawn.h"

namespace postern::agent {
namespace asio = boost::asio;
namespace {

using SteadyClock = std::chrono::steady_clock;
using Result = std::expected<NameResolver::Addresses, std::string>;

/// Shared with the thread, which touches nothing else: it may outlive everything on the executor.
struct Work {
  explicit Work(std::string name) : host(std::move(name)) {}
  ~Work() {
    if (done >= 0) ::close(done);
  }
  std::string host;
  Result result;
  /// Readable once the result is there.
  int done = ::eventfd(0, EFD_CLOEXEC);
};

Result look_up(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* list = nullptr;
  const int error = ::getaddrinfo(host.c_str(), nullptr, &hints, &list);
  if (error != 0) {
    const char* why = error == EAI_SYSTEM ? std::strerror(errno) : ::gai_strerror(error);
    return std::unexpected("the name " + host + " can't be resolved: " + why);
  }
  NameResolver::Addresses addresses;
  for (const auto* entry = list; entry != nullptr; entry = entry->ai_next) {
    asio::ip::tcp::endpoint endpoint;
    if (entry->ai_addrlen > endpoint.capacity()) continue;
    std::memcpy(endpoint.data(), entry->ai_addr, entry->ai_addrlen);
    endpoint.resize(entry->ai_addrlen);
    if (std::ranges::find(addresses, endpoint.address()) == addresses.end())
      addresses.push_back(endpoint.address());
  }
  ::freeaddrinfo(list);
  if (addresses.empty()) return std::unexpected("the name " + host + " has no address");
  return addresses;
}

void work(const std::shared_ptr<Work>& shared) {
  shared->result = look_up(shared->host);
  const std::uint64_t one = 1;
  (void)!::write(shared->done, &one, sizeof one);
}

bool is_localhost(std::string host) {
  if (host.ends_with('.')) host.pop_back();
  return host.size() == 9 && ::strcasecmp(host.c_str(), "localhost") == 0;
}

}  // namespace

struct NameResolver::Lookup {
  Lookup(asio::any_io_executor executor, std::string name) : host(std::move(name)), ready(executor) {}
  std::string host;
  std::optional<Result> result;
  Signal ready;
};

NameResolver::NameResolver(asio::any_io_executor executor)
    : executor_(executor), free_(executor, SteadyClock::time_point::max()) {}

net::awaitable<Result> NameResolver::resolve(std::string host) {
  boost::system::error_code not_an_address;
  const auto literal = asio::ip::make_address(host, not_an_address);
  if (!not_an_address) co_return Addresses{literal};
  // Whichever of them the service listens on.
  if (is_localhost(host))
    co_return Addresses{asio::ip::address_v4::loopback(), asio::ip::address_v6::loopback()};
  const auto lookup = std::make_shared<Lookup>(executor_, std::move(host));
  const auto deadline = SteadyClock::now() + kTimeout;
  spawn(executor_, "name_lookup", run(lookup));
  while (!lookup->result && SteadyClock::now() < deadline) co_await lookup->ready.wait(deadline);
  if (!lookup->result)
    co_return std::unexpected("the name " + lookup->host + " can't be resolved: timed out");
  co_return std::move(*lookup->result);
}

net::awaitable<void> NameResolver::run(std::shared_ptr<Lookup> lookup) {
  while (running_ >= kMaxLookups) co_await free_.async_wait(asio::as_tuple(asio::use_awaitable));
  ++running_;
  const auto shared = std::make_shared<Work>(lookup->host);
  asio::posix::stream_descriptor done(executor_, ::dup(shared->done));
  std::thread(work, shared).detach();
  co_await done.async_wait(asio::posix::stream_descriptor::wait_read, asio::as_tuple(asio::use_awaitable));
  --running_;
  free_.cancel_one();
  lookup->result = std::move(shared->result);
  lookup->ready.notify();
}

}  // namespace postern::agent
