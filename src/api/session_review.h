#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <vector>

#include "api/recorded_access.h"
#include "api/services.h"
#include "bus/bus.h"
#include "gateway/gateway.h"

namespace postern::api {

/// Takes back what is no longer allowed. Whenever identities or resources change it asks again, for each live
/// session and each node's control channel, the question that let it in (RecordedAccess), and closes what
/// gets another answer, with the reason: shown to the person and kept in the session's record, or told to the
/// node. A session ends also when the credentials that started it were deleted, deactivated, revoked or have
/// expired.
///
/// One review at a time, on one executor; changes during one cause one more.
/// What opens meanwhile was decided before the change: a session looks again by itself (StartSession), a
/// control channel is looked at when it has opened. What a request said of itself (address, MFA) counts as it
/// was then; the time is that of the review.
class SessionReview {
 public:
  /// How often expired credentials are looked for.
  static constexpr std::chrono::milliseconds kExpiryTick{500};

  /// `services` must outlive the review, and the executor's thread must have ended before it goes.
  SessionReview(const Services& services, boost::asio::any_io_executor executor);
  ~SessionReview();

  /// Listens from here on, and reviews once: policies may have changed while the service was down.
  void start();

 private:
  /// Reviews everything, as soon as the present review is done.
  void request();
  void wake();
  /// Reviews everything at this time at the latest.
  void expect(Timestamp expiry);
  void arm();
  boost::asio::awaitable<void> run();
  boost::asio::awaitable<void> review_sessions();
  boost::asio::awaitable<void> review_nodes(std::vector<gateway::LiveGrant> channels);

  const Services& services_;
  boost::asio::any_io_executor executor_;
  boost::asio::steady_timer expiry_timer_;
  std::unique_ptr<bus::Subscription> identities_;
  std::unique_ptr<bus::Subscription> resources_;
  std::unique_ptr<bus::Subscription> expiries_;
  bool running_ = false;
  /// What is to be reviewed next: everything, or the nodes whose channels have just opened.
  bool everything_ = false;
  std::vector<gateway::LiveGrant> opened_;
  /// When the first of the live sessions' credentials expires: what the last review saw, and those started
  /// since.
  std::optional<Timestamp> next_expiry_;
};

}  // namespace postern::api
