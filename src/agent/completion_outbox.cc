#include "agent/completion_outbox.h"

#include <algorithm>

namespace postern::agent {

void CompletionOutbox::add(wire::AgentTaskComplete task) {
  if (entries_.size() == kMaxEntries) entries_.pop_front();
  entries_.push_back({wire::Stamp::fresh(clock_.now()), std::move(task)});
}

void CompletionOutbox::on_acknowledge(std::string_view message_id) {
  std::erase_if(entries_,
                [&](const Entry& entry) { return entry.stamp.message_id.to_string() == message_id; });
}

void CompletionOutbox::on_reconnect() {
  for (auto& entry : entries_) {
    entry.tries = 0;
    entry.due = Time::min();
  }
}

std::vector<std::string> CompletionOutbox::session_ids() const {
  std::vector<std::string> ids;
  for (const auto& entry : entries_) ids.push_back(entry.task.task_id);
  return ids;
}

std::optional<Bytes> CompletionOutbox::poll(Time now) {
  for (auto& entry : entries_) {
    if (entry.tries == kTries || now < entry.due) continue;
    entry.task.retry_number = ++entry.tries;
    entry.due = now + kInterval;
    // Repeats carry the first one's id.
    return wire::make_agent_task_complete(entry.stamp, entry.task);
  }
  return std::nullopt;
}

std::optional<CompletionOutbox::Time> CompletionOutbox::next_wakeup() const {
  std::optional<Time> next;
  for (const auto& entry : entries_) {
    if (entry.tries < kTries) next = std::min(next.value_or(entry.due), entry.due);
  }
  return next;
}

}  // namespace postern::agent
