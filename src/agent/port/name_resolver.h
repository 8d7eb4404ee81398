#pragma once

#include <boost/asio/ip/address.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "agent/signal.h"

namespace postern::agent {

/// Looks names up, each on a thread of its own for as long as that takes, since getaddrinfo can't be stopped:
/// a name server that does not answer holds up nobody but those who ask for its names. One executor; must
/// outlive its io_context's work.
class NameResolver {
 public:
  explicit NameResolver(boost::asio::any_io_executor executor);

  using Addresses = std::vector<boost::asio::ip::address>;
  /// In the order in which to try them, at least one; a numeric address at once, `localhost` without asking
  /// anybody. Error: why not, for the person.
  net::awaitable<std::expected<Addresses, std::string>> resolve(std::string host);

  /// At once; further ones wait.
  static constexpr int kMaxLookups = 8;
  /// All in all, waiting included.
  static constexpr std::chrono::seconds kTimeout{10};

 private:
  struct Lookup;

  net::awaitable<void> run(std::shared_ptr<Lookup> lookup);

  boost::asio::any_io_executor executor_;
  int running_ = 0;
  /// Never expires; one waiter is woken for each lookup that ends.
  boost::asio::steady_timer free_;
};

}  // namespace postern::agent
