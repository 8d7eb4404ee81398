#include <fmt/format.h>

#include "store/repositories.h"
#include "store/statement.h"

namespace postern::store {
namespace {

constexpr std::string_view kVersionColumns =
    "v.name, v.version, v.version_name, v.display_name, v.format, v.hash, v.platform_types, v.created";
constexpr std::string_view kDocumentColumns =
    "d.name, d.document_type, d.target_type, d.default_version, d.last_version, d.created";

Document document_from(Row& row) {
  return {.name = row.text(),
          .document_type = row.text(),
          .target_type = row.text(),
          .default_version = row.integer(),
          .last_version = row.integer(),
          .created = row.time()};
}

DocumentVersion version_from(Row& row) {
  return {.name = row.text(),
          .version = row.integer(),
          .version_name = row.text(),
          .display_name = row.text(),
          .format = row.text(),
          .hash = row.text(),
          .platform_types = row.text(),
          .created = row.time()};
}

}  // namespace

void DocumentRepository::add(const Document& document) {
  execute(sql_,
          "INSERT INTO documents (name, document_type, target_type, default_version, last_version, created)"
          " VALUES (:name, :document_type, :target_type, :default_version, :last_version, :created)",
          {document.name, document.document_type, document.target_type, document.default_version,
           document.last_version, document.created});
}

void DocumentRepository::add_version(const DocumentVersion& version) {
  execute(sql_,
          "INSERT INTO document_versions (name, version, version_name, display_name, format, content, hash,"
          " platform_types, created) VALUES (:name, :version, :version_name, :display_name, :format,"
          " :content, :hash, :platform_types, :created)",
          {version.name, version.version, version.version_name, version.display_name, version.format,
           version.content, version.hash, version.platform_types, version.created});
  execute(sql_, "UPDATE documents SET last_version = :version WHERE name = :name AND last_version < :again",
          {version.version, version.name, version.version});
}

std::optional<Document> DocumentRepository::find(std::string_view name) {
  auto rows =
      select(sql_, fmt::format("SELECT {} FROM documents d WHERE d.name = :name", kDocumentColumns), {name});
  if (rows.empty()) return std::nullopt;
  return document_from(rows.front());
}

std::vector<std::pair<Document, DocumentVersion>> DocumentRepository::list() {
  std::vector<std::pair<Document, DocumentVersion>> all;
  for (auto& row : select(sql_, fmt::format("SELECT {}, {} FROM documents d JOIN document_versions v"
                                            " ON v.name = d.name AND v.version = d.default_version"
                                            " ORDER BY d.name",
                                            kDocumentColumns, kVersionColumns))) {
    auto document = document_from(row);
    all.emplace_back(std::move(document), version_from(row));
  }
  return all;
}

std::vector<DocumentVersion> DocumentRepository::versions(std::string_view name) {
  std::vector<DocumentVersion> all;
  for (auto& row :
       select(sql_,
              fmt::format("SELECT {} FROM document_versions v WHERE v.name = :name ORDER BY v.version DESC",
                          kVersionColumns),
              {name})) {
    all.push_back(version_from(row));
  }
  return all;
}

std::optional<DocumentVersion> DocumentRepository::find_version(std::string_view name, std::int64_t version) {
  auto rows = select(sql_,
                     fmt::format("SELECT {}, v.content FROM document_versions v"
                                 " WHERE v.name = :name AND v.version = :version",
                                 kVersionColumns),
                     {name, version});
  if (rows.empty()) return std::nullopt;
  auto found = version_from(rows.front());
  found.content = rows.front().text();
  return found;
}

std::optional<DocumentVersion> DocumentRepository::find_default(std::string_view name) {
  auto rows = select(sql_,
                     fmt::format("SELECT {}, v.content FROM documents d JOIN document_versions v"
                                 " ON v.name = d.name AND v.version = d.default_version WHERE d.name = :name",
                                 kVersionColumns),
                     {name});
  if (rows.empty()) return std::nullopt;
  auto found = version_from(rows.front());
  found.content = rows.front().text();
  return found;
}

bool DocumentRepository::set_default(std::string_view name, std::int64_t version) {
  return execute(sql_, "UPDATE documents SET default_version = :version WHERE name = :name",
                 {version, name}) == 1;
}

bool DocumentRepository::remove(std::string_view name) {
  execute(sql_, "DELETE FROM tags WHERE resource_type = :resource_type AND resource_id = :resource_id",
          {kDocumentTags, name});
  return execute(sql_, "DELETE FROM documents WHERE name = :name", {name}) == 1;
}

bool DocumentRepository::remove_version(std::string_view name, std::int64_t version) {
  return execute(sql_, "DELETE FROM document_versions WHERE name = :name AND version = :version",
                 {name, version}) == 1;
}

std::size_t DocumentRepository::count() {
  return static_cast<std::size_t>(select_number(sql_, "SELECT COUNT(*) FROM documents"));
}

}  // namespace postern::store
