#include <fmt/format.h>

#include "store/repositories.h"
#include "store/sealer.h"
#include "store/statement.h"

namespace postern::store {
namespace {

constexpr std::string_view kSelect =
    "SELECT node_id, name, activation_id, iam_role, public_key, fingerprint, registered, last_ping, "
    "agent_name,"
    " agent_version, platform_type, platform_name, platform_version, ip_address, computer_name FROM nodes";

Node node_from(Row& row) {
  return {.node_id = row.text(),
          .name = row.text(),
          .activation_id = row.text(),
          .iam_role = row.text(),
          .public_key = row.text(),
          .fingerprint = row.text(),
          .registered = row.time(),
          .last_ping = row.optional_time(),
          .agent_name = row.text(),
          .agent_version = row.text(),
          .platform_type = row.text(),
          .platform_name = row.text(),
          .platform_version = row.text(),
          .ip_address = row.text(),
          .computer_name = row.text()};
}

std::vector<Node> nodes_from(std::vector<Row> rows) {
  std::vector<Node> nodes;
  nodes.reserve(rows.size());
  for (auto& row : rows) nodes.push_back(node_from(row));
  return nodes;
}

std::string secret_context(std::string_view access_key_id) {
  return "node_credentials.secret:" + std::string(access_key_id);
}

}  // namespace

void NodeRepository::add(const Node& node) {
  execute(
      sql_,
      "INSERT INTO nodes (node_id, name, activation_id, iam_role, public_key, fingerprint, registered, "
      "last_ping,"
      " agent_name, agent_version, platform_type, platform_name, platform_version, ip_address, computer_name)"
      " VALUES (:node_id, :name, :activation_id, :iam_role, :public_key, :fingerprint, :registered, "
      ":last_ping,"
      " :agent_name, :agent_version, :platform_type, :platform_name, :platform_version, :ip_address,"
      " :computer_name)",
      {node.node_id, node.name, node.activation_id, node.iam_role, node.public_key, node.fingerprint,
       node.registered, node.last_ping, node.agent_name, node.agent_version, node.platform_type,
       node.platform_name, node.platform_version, node.ip_address, node.computer_name});
}

std::optional<Node> NodeRepository::find(std::string_view node_id) {
  auto rows = select(sql_, fmt::format("{} WHERE node_id = :node_id", kSelect), {node_id});
  if (rows.empty()) return std::nullopt;
  return node_from(rows.front());
}

std::vector<Node> NodeRepository::find_by_name(std::string_view name) {
  return nodes_from(
      select(sql_, fmt::format("{} WHERE name = :name ORDER BY registered, node_id", kSelect), {name}));
}

std::vector<Node> NodeRepository::list() {
  return nodes_from(select(sql_, fmt::format("{} ORDER BY registered, node_id", kSelect)));
}

bool NodeRepository::update_information(const Node& node) {
  return execute(
             sql_,
             "UPDATE nodes SET last_ping = :last_ping, agent_name = :agent_name, agent_version = "
             ":agent_version,"
             " platform_type = :platform_type, platform_name = :platform_name,"
             " platform_version = :platform_version, ip_address = :ip_address, computer_name = :computer_name"
             " WHERE node_id = :node_id",
             {node.last_ping, node.agent_name, node.agent_version, node.platform_type, node.platform_name,
              node.platform_version, node.ip_address, node.computer_name, node.node_id}) == 1;
}

bool NodeRepository::update_public_key(std::string_view node_id, std::string_view public_key) {
  return execute(sql_, "UPDATE nodes SET public_key = :public_key WHERE node_id = :node_id",
                 {public_key, node_id}) == 1;
}

bool NodeRepository::remove(std::string_view node_id) {
  execute(sql_, "DELETE FROM tags WHERE resource_type = :resource_type AND resource_id = :resource_id",
          {kNodeTags, node_id});
  // Its credentials go with it, by the foreign key.
  return execute(sql_, "DELETE FROM nodes WHERE node_id = :node_id", {node_id}) == 1;
}

void NodeRepository::add_credential(const NodeCredential& credential) {
  execute(sql_,
          "INSERT INTO node_credentials (access_key_id, node_id, sealed_secret, session_token_hash, expires)"
          " VALUES (:access_key_id, :node_id, :sealed_secret, :session_token_hash, :expires)",
          {credential.access_key_id, credential.node_id,
           sealer_.seal(credential.secret, secret_context(credential.access_key_id)),
           credential.session_token_hash, credential.expires});
}

std::optional<NodeCredential> NodeRepository::find_credential(std::string_view access_key_id) {
  auto rows =
      select(sql_,
             "SELECT access_key_id, node_id, sealed_secret, session_token_hash, expires FROM node_credentials"
             " WHERE access_key_id = :access_key_id",
             {access_key_id});
  if (rows.empty()) return std::nullopt;
  auto& row = rows.front();
  return NodeCredential{.access_key_id = row.text(),
                        .node_id = row.text(),
                        .secret = sealer_.unseal(row.text(), secret_context(access_key_id)),
                        .session_token_hash = row.text(),
                        .expires = row.time()};
}

std::size_t NodeRepository::remove_expired_credentials(Timestamp now) {
  return execute(sql_, "DELETE FROM node_credentials WHERE expires <= :now", {now});
}

}  // namespace postern::store
