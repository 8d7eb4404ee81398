#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "api/paging.h"
#include "api/ssm/document_shapes.h"
#include "api/ssm/operations.h"

/// GetDocument, DescribeDocument, ListDocuments, ListDocumentVersions (control-plane.md 6.5).
namespace postern::api::ssm {
namespace {

constexpr std::string_view kFormats[] = {"JSON", "YAML"};

/// Which version of which document.
struct VersionOfDocument {
  std::string name;
  std::optional<std::string> document_version;
  std::optional<std::string> version_name;

  void validate(aws::Validation& validation) const {
    validation.pattern("name", name, kDocumentNameOrArn);
    if (document_version) validation.pattern("documentVersion", *document_version, kDocumentVersionPattern);
    if (version_name) validation.pattern("versionName", *version_name, kVersionNamePattern);
  }
};
BOOST_DESCRIBE_STRUCT(VersionOfDocument, (), (name, document_version, version_name))

struct GetDocumentRequest : VersionOfDocument {
  std::optional<std::string> document_format;

  void validate(aws::Validation& validation) const {
    VersionOfDocument::validate(validation);
    if (document_format) validation.one_of("documentFormat", *document_format, kFormats);
  }
};
BOOST_DESCRIBE_STRUCT(GetDocumentRequest, (VersionOfDocument), (document_format))

struct GetDocumentResponse {
  std::string name;
  Timestamp created_date;
  std::optional<std::string> display_name;
  std::optional<std::string> version_name;
  std::string document_version;
  std::string status = "Active";
  std::string content;
  std::string document_type;
  std::string document_format;
};
BOOST_DESCRIBE_STRUCT(GetDocumentResponse, (),
                      (name, created_date, display_name, version_name, document_version, status, content,
                       document_type, document_format))

awaitable<Result<GetDocumentResponse>> get_document(Call& call, GetDocumentRequest in) {
  auto found = co_await call.services.store.read(
      [in, installation = call.services.installation](store::Repositories& repos) {
        return find_document(repos, installation, in.name,
                             {.version = in.document_version, .version_name = in.version_name});
      });
  if (!found) co_return std::unexpected(std::move(found.error()));
  const auto& version = found->version;
  const auto stored = aws::document_format_from(version.format).value_or(aws::DocumentFormat::kJson);
  const auto wanted = aws::document_format_from(in.document_format.value_or(version.format)).value_or(stored);
  auto content = aws::convert_document(version.content, stored, wanted);
  if (!content) co_return std::unexpected(aws::kInvalidDocument(std::move(content.error().message)));
  co_return GetDocumentResponse{.name = found->document.name,
                                .created_date = version.created,
                                .display_name = unless_empty(version.display_name),
                                .version_name = unless_empty(version.version_name),
                                .document_version = std::to_string(version.version),
                                .content = std::move(*content),
                                .document_type = found->document.document_type,
                                .document_format = std::string(aws::to_string(wanted))};
}

struct DescribeDocumentResponse {
  DocumentDescription document;
};
BOOST_DESCRIBE_STRUCT(DescribeDocumentResponse, (), (document))

struct Described {
  FoundDocument found;
  store::Tags tags;
};

awaitable<Result<DescribeDocumentResponse>> describe_document(Call& call, VersionOfDocument in) {
  auto described = co_await call.services.store.read(
      [in, installation = call.services.installation](store::Repositories& repos) -> Result<Described> {
        auto found = find_document(repos, installation, in.name,
                                   {.version = in.document_version, .version_name = in.version_name});
        if (!found) return std::unexpected(std::move(found.error()));
        return Described{std::move(*found), repos.tags.list(store::kDocumentTags, in.name)};
      });
  if (!described) co_return std::unexpected(std::move(described.error()));
  const auto& [found, tags] = *described;
  const auto format = aws::document_format_from(found.version.format).value_or(aws::DocumentFormat::kJson);
  const auto parsed = aws::parse_session_document(found.version.content, format);
  // An earlier release may have accepted what this one would not; that is no reason to hide it.
  co_return DescribeDocumentResponse{describe(found, parsed.value_or(aws::SessionDocument{}), tags)};
}

/// The older shape of a filter.
struct DocumentFilter {
  static constexpr auto kMemberNames = MemberNames::kCamel;
  std::string key;
  std::string value;
};
BOOST_DESCRIBE_STRUCT(DocumentFilter, (), (key, value))

struct DocumentKeyValuesFilter {
  std::string key;
  std::vector<std::string> values;
};
BOOST_DESCRIBE_STRUCT(DocumentKeyValuesFilter, (), (key, values))

struct ListDocumentsRequest {
  std::vector<DocumentFilter> document_filter_list;
  std::vector<DocumentKeyValuesFilter> filters;
  std::optional<int> max_results;
  std::optional<std::string> next_token;

  void validate(aws::Validation& validation) const {
    validation.list_size("filters", fmt::format("{} filters", filters.size()), filters.size(), 0, 6);
    if (max_results) validation.range("maxResults", *max_results, 1, 50);
    for (const auto& filter : document_filter_list)
      validation.min_length("documentFilterList.value", filter.value, 1);
    if (!filters.empty() && !document_filter_list.empty())
      validation.fail("filters", "both", "Only one of Filters and DocumentFilterList can be used");
  }
};
BOOST_DESCRIBE_STRUCT(ListDocumentsRequest, (), (document_filter_list, filters, max_results, next_token))

struct ListDocumentsResponse {
  std::vector<DocumentIdentifier> document_identifiers;
  std::optional<std::string> next_token;
};
BOOST_DESCRIBE_STRUCT(ListDocumentsResponse, (), (document_identifiers, next_token))

bool owner_matches(const Call& call, const std::string& owner, std::string_view wanted) {
  const bool own = owner == call.services.installation.account;
  if (wanted == "All") return true;
  if (wanted == "Self" || wanted == "Private") return own;
  if (wanted == "Public") return !own;
  return owner == wanted;
}

bool one_matches(const Call& call, const DocumentIdentifier& document, const std::string& key,
                 const std::string& value) {
  if (key == "Name") return document.name.starts_with(value);
  if (key == "Owner") return owner_matches(call, document.owner, value);
  if (key == "DocumentType") return document.document_type == value;
  if (key == "TargetType") return document.target_type == value;
  if (key == "SearchKeyword") return document.name.contains(value);
  if (key == "PlatformTypes") {
    return std::ranges::find(document.platform_types, value) != document.platform_types.end();
  }
  // What is left is tag:KEY.
  return std::ranges::any_of(document.tags, [&](const Tag& tag) {
    return key.compare(4, std::string::npos, tag.key) == 0 && tag.value == value;
  });
}

// Both shapes as the newer one; the keys checked.
Result<std::vector<DocumentKeyValuesFilter>> filters_of(const ListDocumentsRequest& in) {
  static constexpr std::string_view kOld[] = {"Name", "Owner", "PlatformTypes", "DocumentType"};
  static constexpr std::string_view kNew[] = {"Name",         "Owner",      "PlatformTypes",
                                              "DocumentType", "TargetType", "SearchKeyword"};
  auto out = in.filters;
  for (const auto& [key, value] : in.document_filter_list) {
    if (std::ranges::find(kOld, key) == std::end(kOld)) {
      return std::unexpected(aws::kInvalidFilterKey(
          fmt::format("The filter {} is not valid. Use {}.", key, fmt::join(kOld, ", "))));
    }
    out.push_back({key, {value}});
  }
  for (const auto& [key, values] : out) {
    if (std::ranges::find(kNew, key) == std::end(kNew) && !key.starts_with("tag:")) {
      return std::unexpected(aws::kInvalidFilterKey(
          fmt::format("The filter {} is not valid. Use {} or tag:KEY.", key, fmt::join(kNew, ", "))));
    }
  }
  return out;
}

// Everything there is, by name.
std::map<std::string, DocumentIdentifier> all_documents(store::Repositories& repos,
                                                        const auth::Installation& installation) {
  std::map<std::string, DocumentIdentifier> all;
  auto tags = repos.tags.list_all(store::kDocumentTags);
  for (auto& [document, version] : repos.documents.list()) {
    const auto name = document.name;
    all.emplace(name, identify({.document = std::move(document),
                                .version = std::move(version),
                                .owner = installation.account},
                               tags[name]));
  }
  for (const auto& document : aws::built_in_documents()) {
    // Preferences that somebody created hide those that are built in.
    all.emplace(document.name, identify(as_found(document, installation), {}));
  }
  return all;
}

awaitable<Result<ListDocumentsResponse>> list_documents(Call& call, ListDocumentsRequest in) {
  const auto filters = filters_of(in);
  if (!filters) co_return std::unexpected(filters.error());
  auto all = co_await call.services.store.read(
      [installation = call.services.installation](store::Repositories& repos) {
        return all_documents(repos, installation);
      });
  std::vector<DocumentIdentifier> matching;
  for (auto& [name, document] : all) {
    const bool matches = std::ranges::all_of(*filters, [&](const DocumentKeyValuesFilter& filter) {
      return std::ranges::any_of(filter.values, [&](const std::string& value) {
        return one_matches(call, document, filter.key, value);
      });
    });
    if (matches) matching.push_back(std::move(document));
  }
  auto page = cut_page(call, "ListDocuments", std::move(matching),
                       static_cast<std::size_t>(in.max_results.value_or(50)), in.next_token,
                       [](const DocumentIdentifier& document) { return document.name; });
  if (!page) co_return std::unexpected(std::move(page.error()));
  co_return ListDocumentsResponse{std::move(page->items), std::move(page->next_token)};
}

struct ListDocumentVersionsRequest {
  std::string name;
  std::optional<int> max_results;
  std::optional<std::string> next_token;

  void validate(aws::Validation& validation) const {
    validation.pattern("name", name, kDocumentNameOrArn);
    if (max_results) validation.range("maxResults", *max_results, 1, 50);
  }
};
BOOST_DESCRIBE_STRUCT(ListDocumentVersionsRequest, (), (name, max_results, next_token))

struct DocumentVersionShape {
  std::string name;
  std::optional<std::string> display_name;
  std::string document_version;
  std::optional<std::string> version_name;
  Timestamp created_date;
  bool is_default_version = false;
  std::string document_format;
  std::string status = "Active";
};
BOOST_DESCRIBE_STRUCT(DocumentVersionShape, (),
                      (name, display_name, document_version, version_name, created_date, is_default_version,
                       document_format, status))

struct ListDocumentVersionsResponse {
  std::vector<DocumentVersionShape> document_versions;
  std::optional<std::string> next_token;
};
BOOST_DESCRIBE_STRUCT(ListDocumentVersionsResponse, (), (document_versions, next_token))

Result<std::vector<DocumentVersionShape>> all_versions(store::Repositories& repos,
                                                       const auth::Installation& installation,
                                                       const std::string& name) {
  auto found = find_document(repos, installation, name);
  if (!found) return std::unexpected(std::move(found.error()));
  const auto versions = found->built_in ? std::vector{found->version} : repos.documents.versions(name);
  std::vector<DocumentVersionShape> out;
  for (const auto& version : versions) {
    out.push_back({.name = name,
                   .display_name = unless_empty(version.display_name),
                   .document_version = std::to_string(version.version),
                   .version_name = unless_empty(version.version_name),
                   .created_date = version.created,
                   .is_default_version = version.version == found->document.default_version,
                   .document_format = version.format});
  }
  return out;
}

awaitable<Result<ListDocumentVersionsResponse>> list_versions(Call& call, ListDocumentVersionsRequest in) {
  auto all = co_await call.services.store.read(
      [name = in.name, installation = call.services.installation](store::Repositories& repos) {
        return all_versions(repos, installation, name);
      });
  if (!all) co_return std::unexpected(std::move(all.error()));
  auto page = cut_page(call, "ListDocumentVersions " + in.name, std::move(*all),
                       static_cast<std::size_t>(in.max_results.value_or(50)), in.next_token,
                       [](const DocumentVersionShape& version) { return version.document_version; });
  if (!page) co_return std::unexpected(std::move(page.error()));
  co_return ListDocumentVersionsResponse{std::move(page->items), std::move(page->next_token)};
}

}  // namespace

void register_document_reading(Registry& registry) {
  registry.add("ssm", "GetDocument",
               json_operation<GetDocumentRequest, GetDocumentResponse>(
                   {.access = on_document<GetDocumentRequest>("ssm:GetDocument"), .run = get_document}));
  registry.add(
      "ssm", "DescribeDocument",
      json_operation<VersionOfDocument, DescribeDocumentResponse>(
          {.access = on_document<VersionOfDocument>("ssm:DescribeDocument"), .run = describe_document}));
  registry.add("ssm", "ListDocuments",
               json_operation<ListDocumentsRequest, ListDocumentsResponse>(
                   {.access = on_everything("ssm:ListDocuments"), .run = list_documents}));
  registry.add("ssm", "ListDocumentVersions",
               json_operation<ListDocumentVersionsRequest, ListDocumentVersionsResponse>(
                   {.access = on_document<ListDocumentVersionsRequest>("ssm:ListDocumentVersions"),
                    .run = list_versions}));
}

}  // namespace postern::api::ssm
