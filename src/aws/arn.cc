#include "aws/arn.h"

#include <array>

namespace postern::aws {

std::optional<Arn> Arn::parse(std::string_view text) {
  std::array<std::string_view, 5> parts;
  for (auto& part : parts) {
    const auto colon = text.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    part = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  if (parts[0] != "arn" || parts[1].empty() || parts[2].empty() || text.empty()) return std::nullopt;
  return Arn{std::string(parts[1]), std::string(parts[2]), std::string(parts[3]), std::string(parts[4]),
             std::string(text)};
}

std::string Arn::to_string() const {
  std::string text = "arn:";
  text.append(partition).append(":").append(service).append(":").append(region).append(":");
  return text.append(account).append(":").append(resource);
}

Arn ArnSpace::node(std::string_view node_id) const {
  const bool ec2 = node_id.starts_with("i-");
  return {partition, ec2 ? "ec2" : "ssm", region, account,
          std::string(ec2 ? "instance/" : "managed-instance/").append(node_id)};
}

Arn ArnSpace::document(std::string_view name) const {
  const bool owned_by_service = name.starts_with("AWS-") || name.starts_with("Postern-");
  return {partition, "ssm", region, owned_by_service ? std::string() : account,
          std::string("document/").append(name)};
}

Arn ArnSpace::session(std::string_view session_id) const {
  return {partition, "ssm", region, account, std::string("session/").append(session_id)};
}

Arn ArnSpace::service_setting(std::string_view setting_id) const {
  if (setting_id.starts_with('/')) setting_id.remove_prefix(1);
  return {partition, "ssm", region, account, std::string("servicesetting/").append(setting_id)};
}

Arn ArnSpace::iam_role(std::string_view role_name) const {
  return {partition, "iam", "", account, std::string("role/").append(role_name)};
}

Arn ArnSpace::assumed_role(std::string_view role_name, std::string_view session_name) const {
  return {partition, "sts", "", account,
          std::string("assumed-role/").append(role_name).append("/").append(session_name)};
}

}  // namespace postern::aws
