// Two ends over a link that drops, doubles, reorders, damages and breaks, with consumers that stop now and
// then. Whatever happens, both streams arrive complete, in order and once, and memory stays within the stated
// bounds.
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <random>

#include "channel/data_channel.h"
#include "channel/test_clock.h"

namespace postern::channel {
namespace {

using std::chrono::milliseconds;

struct Weather {
  double drop;
  double repeat;
  /// Of payloads: nothing protects the header.
  double damage;
  int max_delay_ms;
  /// Mean messages between two breaks of the connection; 0: never.
  int messages_per_break;
  /// The ends agreed on kExtensionBulk. Then the way keeps its order, and loses with a break alone.
  bool bulk = false;
  /// Mean messages between two restarts of the relay, which lose all that is in flight both ways; 0: never.
  int messages_per_restart = 0;
};

DataChannelOptions small_options() {
  DataChannelOptions options;
  options.sender.window_bytes = 20'000;
  options.sender.window_messages = 60;
  options.receiver.queue_bytes = 3'000;
  options.receiver.queue_messages = 20;
  options.receiver.buffer_bytes = 8'000;
  options.receiver.buffer_messages = 40;
  return options;
}

constexpr std::size_t kMaxPayload = 700;

class Simulation {
 public:
  Simulation(std::uint64_t seed, Weather weather) : random_(seed), weather_(weather) {
    for (auto& end : ends_) {
      end.outgoing.resize(below(60'000));
      for (auto& byte : end.outgoing) byte = static_cast<std::uint8_t>(random_());
      if (weather.bulk) end.channel.use_bulk();
    }
  }

  /// Runs until everything is acknowledged; the reason if that does not happen.
  std::string run() {
    for (int step = 0; step < 400'000; ++step) {
      for (std::size_t i = 0; i < 2; ++i) {
        produce(ends_[i]);
        consume(ends_[i]);
        write(i);
        const auto problem = check_bounds(ends_[i]);
        if (!problem.empty()) return problem;
      }
      if (done()) return verify();
      if (!advance()) return "nothing will ever happen again";
    }
    return "no end in sight";
  }

 private:
  struct EndState {
    explicit EndState(End end, const Clock& clock) : channel(end, small_options(), clock) {}
    DataChannel channel;
    Bytes outgoing;
    std::size_t sent = 0;
    Bytes incoming;
    SteadyTime consumes_from;
  };

  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
  bool happens(double probability) { return std::uniform_real_distribution<>(0, 1)(random_) < probability; }
  EndState& other(std::size_t i) { return ends_[1 - i]; }

  void produce(EndState& end) {
    while (end.sent < end.outgoing.size() && end.channel.can_send()) {
      const auto size = std::min<std::size_t>(1 + below(kMaxPayload), end.outgoing.size() - end.sent);
      end.channel.send(wire::PayloadType::kOutput, ByteView(end.outgoing).subspan(end.sent, size));
      end.sent += size;
    }
  }

  void consume(EndState& end) {
    if (now_ < end.consumes_from) return;
    end.channel.set_ready(true);
    while (end.channel.front() != nullptr) {
      const auto delivery = end.channel.pop();
      end.incoming.insert(end.incoming.end(), delivery.payload.begin(), delivery.payload.end());
      if (happens(0.01)) {
        end.consumes_from = now_ + milliseconds(below(3000));
        end.channel.set_ready(happens(0.5));
        return;
      }
    }
  }

  void write(std::size_t i) {
    while (const auto message = ends_[i].channel.poll(now_)) {
      if (once_in(weather_.messages_per_restart)) return restart_relay();
      if (once_in(weather_.messages_per_break)) return break_connection();
      if (happens(0.002)) deliver_later(0, wire::make_pause_publication(wire::Stamp::fresh({}), "s"));
      if (happens(weather_.drop)) continue;
      Bytes copy(message->begin(), message->end());
      if (happens(weather_.repeat)) deliver_later(1 - i, copy);
      if (happens(weather_.damage))
        copy[wire::kHeaderBytes + below(copy.size() - wire::kHeaderBytes)] ^=
            static_cast<std::uint8_t>(1 << below(8));
      deliver_later(1 - i, std::move(copy));
    }
  }

  bool once_in(int messages) { return messages > 0 && below(static_cast<std::uint64_t>(messages)) == 0; }

  void restart_relay() {
    link_.clear();
    for (auto& end : ends_) end.channel.on_reconnect();
  }

  /// Of one end, whose peer hears nothing of it, or of both.
  void break_connection() {
    const auto which = weather_.bulk ? below(3) : 2;
    std::erase_if(link_, [which](const auto& sent) { return which == 2 || sent.second.first == which; });
    for (std::size_t i = 0; i < 2; ++i) {
      if (which == 2 || which == i) ends_[i].channel.on_reconnect();
    }
  }

  void deliver_later(std::size_t to, Bytes message) {
    const auto delay = milliseconds(1 + below(static_cast<std::uint64_t>(weather_.max_delay_ms)));
    auto at = now_ + delay;
    if (weather_.bulk) at = arrives_[to] = std::max(at, arrives_[to]);
    link_.emplace(at, std::pair{to, std::move(message)});
  }

  /// Goes to the next moment at which something happens.
  bool advance() {
    auto next = SteadyTime::max();
    if (!link_.empty()) next = link_.begin()->first;
    for (const auto& end : ends_) {
      if (const auto wakeup = end.channel.next_wakeup()) next = std::min(next, *wakeup);
      if (end.consumes_from > now_) next = std::min(next, end.consumes_from);
      // The service lifts a pause as soon as the client is back.
      if (end.channel.paused()) next = std::min(next, now_ + milliseconds(2000));
    }
    if (next == SteadyTime::max()) return false;
    const bool waited_for_pause = next >= now_ + milliseconds(2000);
    now_ = std::max(now_, next);
    while (!link_.empty() && link_.begin()->first <= now_) {
      const auto [to, message] = std::move(link_.begin()->second);
      link_.erase(link_.begin());
      // Damage is reported and otherwise without effect.
      (void)ends_[to].channel.on_message(message, now_);
    }
    if (waited_for_pause && ends_[0].channel.paused()) {
      (void)ends_[0].channel.on_message(wire::make_start_publication(wire::Stamp::fresh({}), "s"), now_);
    }
    return true;
  }

  std::string check_bounds(const EndState& end) const {
    const auto options = small_options();
    const auto message = kMaxPayload + wire::kHeaderBytes;
    const auto window = weather_.bulk ? DataChannel::kBulkWindowBytes : options.sender.window_bytes;
    if (end.channel.sender().kept_bytes() > window + message) return "sender beyond its window";
    if (end.channel.receiver().held_bytes() >
        options.receiver.queue_bytes + options.receiver.buffer_bytes + message) {
      return "receiver beyond its bounds";
    }
    return {};
  }

  bool done() {
    for (std::size_t i = 0; i < 2; ++i) {
      if (ends_[i].sent < ends_[i].outgoing.size() || !ends_[i].channel.all_acknowledged()) return false;
      if (other(i).incoming.size() < ends_[i].outgoing.size()) return false;
    }
    return true;
  }

  std::string verify() {
    for (std::size_t i = 0; i < 2; ++i) {
      if (other(i).incoming != ends_[i].outgoing) return "streams differ";
    }
    return {};
  }

  std::mt19937_64 random_;
  Weather weather_;
  TestClock clock_;
  SteadyTime now_{std::chrono::hours(1)};
  /// When the last message to each end arrives.
  SteadyTime arrives_[2] = {};
  EndState ends_[2] = {EndState(End::kAgent, clock_), EndState(End::kClient, clock_)};
  std::multimap<SteadyTime, std::pair<std::size_t, Bytes>> link_;
};

TEST(Simulation, BothStreamsArriveWhateverTheWeather) {
  const std::pair<const char*, Weather> weathers[] = {
      {"fair", {0, 0, 0, 5, 0}},
      {"loss", {0.2, 0, 0, 20, 0}},
      {"duplicates and reordering", {0, 0.3, 0, 300, 0}},
      {"reconnects", {0, 0, 0, 20, 100}},
      {"everything", {0.1, 0.1, 0.02, 200, 200}},
      {"bulk, fair", {0, 0, 0, 5, 0, true}},
      {"bulk, reconnects", {0, 0, 0, 50, 60, true}},
      {"bulk, the relay restarts", {0, 0, 0, 50, 0, true, 60}},
      {"bulk, legs break and the relay restarts", {0, 0, 0, 200, 100, true, 100}},
  };
  // POSTERN_SEED repeats one failing run.
  const char* only = std::getenv("POSTERN_SEED");
  const std::uint64_t first = only != nullptr ? std::strtoull(only, nullptr, 10) : 1;
  const std::uint64_t last = only != nullptr ? first : 60;
  for (const auto& [name, weather] : weathers) {
    for (auto seed = first; seed <= last; ++seed) {
      Simulation simulation(seed, weather);
      ASSERT_EQ(simulation.run(), "") << name << ", POSTERN_SEED=" << seed;
    }
  }
}

}  // namespace
}  // namespace postern::channel
