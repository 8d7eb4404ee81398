#include "auth/key_uses.h"

#include "aws/unique_id.h"

namespace postern::auth {

void KeyUses::note(std::string_view id, Timestamp now, std::string_view region, std::string_view service) {
  Uses due;
  {
    const std::scoped_lock lock(mutex_);
    const auto found = gathered_.find(id);
    if (found == gathered_.end()) {
      gathered_.emplace(id, Use{now, std::string(region), std::string(service)});
    } else {
      found->second = {now, std::string(region), std::string(service)};
    }
    if (now - written_ < kInterval) return;
    written_ = now;
    due.swap(gathered_);
  }
  write(std::move(due));
}

void KeyUses::flush() {
  Uses due;
  {
    const std::scoped_lock lock(mutex_);
    due.swap(gathered_);
  }
  if (!due.empty()) write(std::move(due));
}

void KeyUses::write(Uses uses) {
  store_.post("note the use of keys", [uses = std::move(uses)](store::Repositories& repos) {
    for (const auto& [id, use] : uses) {
      if (id.starts_with(aws::kRoleIdPrefix)) {
        repos.roles.note_use(id, use.at, use.region);
      } else {
        repos.users.note_key_use(id, use.at, use.region, use.service);
      }
    }
  });
}

}  // namespace postern::auth
