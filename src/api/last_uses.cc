#include "api/last_uses.h"

#include <utility>

#include "aws/unique_id.h"

namespace postern::api {

LastUses::~LastUses() {
  if (!gathered_.empty()) write(std::move(gathered_));
}

void LastUses::note(store::LastAccessed use) {
  if (!use.principal_id.starts_with(aws::kUserIdPrefix) && !use.principal_id.starts_with(aws::kRoleIdPrefix))
    return;
  const auto now = use.accessed;
  std::vector<store::LastAccessed> due;
  {
    const std::scoped_lock lock(mutex_);
    if (remembered_.size() >= kMaxRemembered) remembered_.clear();
    auto& last = remembered_[use.principal_id + ' ' + use.service + ':' + use.action];
    if (now - last >= kResolution) {
      last = now;
      gathered_.push_back(std::move(use));
    }
    if (gathered_.empty() || now - written_ < kInterval) return;
    written_ = now;
    due.swap(gathered_);
  }
  write(std::move(due));
}

void LastUses::write(std::vector<store::LastAccessed> uses) {
  store_.post("note what was used", [uses = std::move(uses)](store::Repositories& repos) {
    for (const auto& use : uses) repos.last_accessed.note(use);
  });
}

}  // namespace postern::api
