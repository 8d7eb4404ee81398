#include "client/files/copy_spec.h"

#include <fmt/format.h>

#include <algorithm>

namespace postern::client {
namespace {

constexpr std::string_view kTagPrefix = "tag:";
constexpr const char* kUsage =
    "write NODE:PATH for the one and a path for the other, as in `postern cp app.tar web-1:/tmp/`";

}  // namespace

CopyPlace parse_copy_place(std::string_view text) {
  // A tag has a colon of its own.
  const auto begin = text.starts_with(kTagPrefix) ? kTagPrefix.size() : 0;
  const auto colon = text.find(':', begin);
  const auto slash = text.find('/', begin);
  if (colon == std::string_view::npos || colon == begin || slash < colon)
    return {std::nullopt, std::string(text)};
  return {std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
}

std::expected<CopyPlan, std::string> plan_copy(const std::vector<std::string>& arguments) {
  if (arguments.size() < 2)
    return std::unexpected(fmt::format("a source and a destination are needed: {}", kUsage));
  std::vector<CopyPlace> places;
  std::ranges::transform(arguments, std::back_inserter(places),
                         [](const auto& argument) { return parse_copy_place(argument); });
  const auto destination = std::move(places.back());
  places.pop_back();
  const auto node = destination.node ? destination.node : places.front().node;
  if (!node) return std::unexpected(fmt::format("both ends are on this machine: {}", kUsage));

  CopyPlan plan{.direction = destination.node ? CopyPlan::Direction::kUpload : CopyPlan::Direction::kDownload,
                .node = *node,
                .sources = {},
                .destination = destination.path.empty() ? "." : destination.path};
  for (auto& place : places) {
    if (destination.node && place.node) {
      return std::unexpected(
          fmt::format("{}:{} and the destination are both on nodes: copy to this machine first", *place.node,
                      place.path));
    }
    if (!destination.node && place.node != node) {
      return std::unexpected(
          place.node ? fmt::format("sources are on two nodes, {} and {}: copy from one at a time", *node,
                                   *place.node)
                     : fmt::format("{} is on this machine, like the destination: {}", place.path, kUsage));
    }
    if (place.path.empty()) return std::unexpected(fmt::format("a source has no path: {}", kUsage));
    plan.sources.push_back(std::move(place.path));
  }
  return plan;
}

}  // namespace postern::client
