#include "api/ssm/target.h"

#include <utility>
#include <vector>

namespace postern::api::ssm {
namespace {

constexpr std::string_view kTagPrefix = "tag:";
// An ambiguous name lists at most this many candidates.
constexpr std::size_t kMaxListed = 5;

std::vector<store::Node> candidates(store::Repositories& repos, const std::string& target) {
  std::vector<store::Node> found;
  if (auto node = repos.nodes.find(target)) {
    found.push_back(std::move(*node));
    return found;
  }
  const auto equals = target.find('=');
  if (target.starts_with(kTagPrefix) && equals != std::string::npos) {
    const auto key = target.substr(kTagPrefix.size(), equals - kTagPrefix.size());
    for (const auto& id : repos.tags.find(store::kNodeTags, key, target.substr(equals + 1))) {
      if (auto node = repos.nodes.find(id)) found.push_back(std::move(*node));
    }
    return found;
  }
  // A name that a node chose must never stand in for an id that is gone.
  if (is_reserved_name(target)) return found;
  return repos.nodes.find_by_name(target);
}

}  // namespace

bool is_reserved_name(std::string_view name) {
  return name.starts_with("mi-") || name.starts_with("i-") || name.starts_with(kTagPrefix);
}

awaitable<Result<store::Node>> resolve_target(Call& call, std::string target) {
  auto found = co_await call.services.store.read(
      [target](store::Repositories& repos) { return candidates(repos, target); });
  if (found.empty()) {
    co_return std::unexpected(aws::kTargetNotConnected(
        target + " is not connected: no managed node has this id or name, or carries this tag."));
  }
  if (found.size() > 1) {
    std::string ids;
    for (std::size_t i = 0; i < found.size() && i < kMaxListed; ++i)
      ids += (i == 0 ? "" : ", ") + found[i].node_id;
    co_return std::unexpected(
        aws::kValidation(target + " means " + std::to_string(found.size()) + " managed nodes (" + ids +
                         (found.size() > kMaxListed ? ", ..." : "") + "). Use the id of one of them."));
  }
  co_return std::move(found.front());
}

}  // namespace postern::api::ssm
