#include <fmt/format.h>

#include <algorithm>

#include "api/changes.h"
#include "api/ssm/document_shapes.h"
#include "api/ssm/operations.h"
#include "api/tag_keys.h"
#include "aws/documents/session_properties.h"
#include "base/hash.h"

/// CreateDocument, UpdateDocument, UpdateDocumentDefaultVersion, DeleteDocument (control-plane.md 6.5).
namespace postern::api::ssm {
namespace {

// As AWS.
constexpr std::size_t kMaxDocuments = 500;
constexpr std::size_t kMaxVersions = 1000;

const aws::Pattern kNewDocumentName(R"([a-zA-Z0-9_\-.]{3,128})");
const aws::Pattern kDisplayName(R"([\w.\-:/ ]*)");
const aws::Pattern kTargetType(R"(/[\w.\-:/]{0,199})");
constexpr std::string_view kFormats[] = {"YAML", "JSON", "TEXT"};
constexpr std::string_view kTypes[] = {"Command",
                                       "Policy",
                                       "Automation",
                                       "Session",
                                       "Package",
                                       "ApplicationConfiguration",
                                       "ApplicationConfigurationSchema",
                                       "DeploymentStrategy",
                                       "ChangeCalendar",
                                       "Automation.ChangeTemplate",
                                       "ProblemAnalysis",
                                       "ProblemAnalysisTemplate",
                                       "CloudFormation",
                                       "ConformancePackTemplate",
                                       "QuickSetup",
                                       "ManualApprovalPolicy",
                                       "AutoApprovalPolicy"};
constexpr std::string_view kSession = "Session";

/// What a new version consists of, in CreateDocument and UpdateDocument alike.
struct VersionRequest {
  std::string content;
  std::string name;
  std::optional<std::string> document_format;
  std::optional<std::string> display_name;
  std::optional<std::string> version_name;
  std::optional<std::string> target_type;
  std::vector<boost::json::value> attachments;

  void validate(aws::Validation& validation) const {
    validation.min_length("content", content, 1);
    if (document_format) validation.one_of("documentFormat", *document_format, kFormats);
    if (display_name) {
      validation.max_length("displayName", *display_name, 1024);
      validation.pattern("displayName", *display_name, kDisplayName);
    }
    if (version_name) validation.pattern("versionName", *version_name, kVersionNamePattern);
    if (target_type) validation.pattern("targetType", *target_type, kTargetType);
    if (!attachments.empty()) {
      validation.fail("attachments", fmt::format("{} attachments", attachments.size()),
                      "A session document has none");
    }
  }
};
BOOST_DESCRIBE_STRUCT(VersionRequest, (),
                      (content, name, document_format, display_name, version_name, target_type, attachments))

struct CreateDocumentRequest : VersionRequest {
  std::optional<std::string> document_type;
  std::vector<Tag> tags;
  // The member's name is a keyword without its underscore, which the codec drops.
  std::vector<boost::json::value> requires_;

  void validate(aws::Validation& validation) const {
    VersionRequest::validate(validation);
    validation.pattern("name", name, kNewDocumentName);
    if (document_type) validation.one_of("documentType", *document_type, kTypes);
    if (!requires_.empty())
      validation.fail("requires", fmt::format("{} documents", requires_.size()),
                      "A session document needs no others");
    if (aws::is_reserved_document_name(name)) {
      validation.fail("name", name, "Member must not begin with AWS, Amazon, AMZN or Postern-, in any case");
    }
    validate_tags(validation, tags);
  }
};
BOOST_DESCRIBE_STRUCT(CreateDocumentRequest, (VersionRequest), (document_type, tags, requires_))

struct UpdateDocumentRequest : VersionRequest {
  std::optional<std::string> document_version;

  void validate(aws::Validation& validation) const {
    VersionRequest::validate(validation);
    validation.pattern("name", name, kDocumentNameOrArn);
    if (document_version) validation.pattern("documentVersion", *document_version, kDocumentVersionPattern);
  }
};
BOOST_DESCRIBE_STRUCT(UpdateDocumentRequest, (VersionRequest), (document_version))

struct DocumentDescriptionResponse {
  DocumentDescription document_description;
};
BOOST_DESCRIBE_STRUCT(DocumentDescriptionResponse, (), (document_description))

/// A request's document, checked, and the version that it becomes.
struct NewVersion {
  aws::SessionDocument parsed;
  store::DocumentVersion record;
};

Result<NewVersion> read_version(const VersionRequest& in, Timestamp now) {
  const auto format = aws::document_format_from(in.document_format.value_or("JSON"));
  if (!format) {
    return std::unexpected(aws::kInvalidDocumentContent(
        "A session document is JSON or YAML; say so with DocumentFormat. TEXT has no structure."));
  }
  auto parsed = check_document(in.name, in.content, *format);
  if (!parsed) return std::unexpected(std::move(parsed.error()));
  store::DocumentVersion record{
      .name = in.name,
      .version_name = in.version_name.value_or(""),
      .display_name = in.display_name.value_or(""),
      .format = std::string(aws::to_string(*format)),
      .content = in.content,
      .hash = sha256_hex(in.content),
      .platform_types =
          fmt::format("{}", fmt::join(aws::platforms_of(parsed->type, parsed->properties), ",")),
      .created = now};
  return NewVersion{std::move(*parsed), std::move(record)};
}

aws::ApiError belongs_to(const std::string& name, std::string_view owner, std::string_view what) {
  return aws::kInvalidDocumentOperation(
      fmt::format("The document {} belongs to {}, so it can't be {}.", name, owner, what));
}

// Documents of Amazon and Postern are there for all; the preferences are the account's own.
std::optional<aws::ApiError> refuse_foreign(const std::string& name, std::string_view what) {
  const auto* built_in = aws::find_built_in_document(name);
  if (built_in == nullptr || built_in->owner.empty()) return std::nullopt;
  return belongs_to(name, built_in->owner, what);
}

awaitable<Result<DocumentDescriptionResponse>> create_document(Call& call, CreateDocumentRequest in) {
  if (in.document_type.value_or("") != kSession) {
    co_return std::unexpected(
        aws::kValidation(fmt::format("Documents of type {} are not kept here; give DocumentType Session.",
                                     in.document_type.value_or("Command, which is the default,"))));
  }
  if (in.tags.size() > kMaxTags) co_return std::unexpected(aws::kValidation("At most 50 tags are allowed."));
  if (auto problem = tag_key_problem(in.tags))
    co_return std::unexpected(aws::kValidation(std::move(*problem)));
  const auto now = call.services.clock.now();
  auto version = read_version(in, now);
  if (!version) co_return std::unexpected(std::move(version.error()));
  FoundDocument created{.document = {.name = in.name,
                                     .document_type = std::string(kSession),
                                     .target_type = in.target_type.value_or(""),
                                     .created = now},
                        .version = version->record,
                        .owner = call.services.installation.account};
  const auto tags = to_record(in.tags);
  auto error = co_await call.services.store.run(
      [created, tags](store::Repositories& repos) -> std::optional<aws::ApiError> {
        const auto& name = created.document.name;
        if (repos.documents.find(name)) {
          return aws::kDocumentAlreadyExists(
              fmt::format("The document {} exists already; update-document adds a version.", name));
        }
        if (repos.documents.count() >= kMaxDocuments) {
          return aws::kDocumentLimitExceeded(
              fmt::format("There are {} documents, the most there may be.", kMaxDocuments));
        }
        repos.documents.add(created.document);
        repos.documents.add_version(created.version);
        repos.tags.put(store::kDocumentTags, name, tags);
        return std::nullopt;
      });
  if (error) co_return std::unexpected(std::move(*error));
  co_return DocumentDescriptionResponse{describe(created, version->parsed, tags)};
}

// What a document and its versions are before an update; preferences that nobody has created are version 1.
struct Before {
  store::Document document;
  std::vector<store::DocumentVersion> versions;
  std::optional<FoundDocument> built_in;
};

Result<Before> before_update(store::Repositories& repos, const auth::Installation& installation,
                             const std::string& name) {
  if (auto document = repos.documents.find(name))
    return Before{std::move(*document), repos.documents.versions(name), {}};
  if (name != aws::kPreferencesDocument) return std::unexpected(no_such_document(name));
  auto found = as_found(*aws::find_built_in_document(name), installation);
  return Before{found.document, {found.version}, found};
}

std::optional<aws::ApiError> check_update(const Before& before, const UpdateDocumentRequest& in,
                                          const store::DocumentVersion& added) {
  const auto latest = std::to_string(before.versions.front().version);
  const auto given = in.document_version.value_or("");
  if (given != "$LATEST" && given != latest) {
    return aws::kInvalidDocumentVersion(fmt::format(
        "Only the latest version of a document can be updated: give DocumentVersion $LATEST or {}.", latest));
  }
  const auto same = std::ranges::find(before.versions, added.hash, &store::DocumentVersion::hash);
  if (same != before.versions.end()) {
    return aws::kDuplicateDocumentContent(
        fmt::format("The content is that of version {} of the document {}.", same->version, in.name));
  }
  const auto named =
      std::ranges::find(before.versions, added.version_name, &store::DocumentVersion::version_name);
  if (!added.version_name.empty() && named != before.versions.end()) {
    return aws::kDuplicateDocumentVersionName(fmt::format(
        "Version {} of the document {} is called {} already.", named->version, in.name, added.version_name));
  }
  if (before.versions.size() >= kMaxVersions) {
    return aws::kDocumentVersionLimitExceeded(fmt::format(
        "The document {} has {} versions, the most there may be. Delete some.", in.name, kMaxVersions));
  }
  return std::nullopt;
}

struct Updated {
  FoundDocument found;
  store::Tags tags;
};

awaitable<Result<DocumentDescriptionResponse>> update_document(Call& call, UpdateDocumentRequest in) {
  if (auto error = refuse_foreign(in.name, "updated")) co_return std::unexpected(std::move(*error));
  auto version = read_version(in, call.services.clock.now());
  if (!version) co_return std::unexpected(std::move(version.error()));
  auto updated = co_await call.services.store.run(
      [in, added = version->record,
       installation = call.services.installation](store::Repositories& repos) mutable -> Result<Updated> {
        auto before = before_update(repos, installation, in.name);
        if (!before) return std::unexpected(std::move(before.error()));
        if (auto error = check_update(*before, in, added)) return std::unexpected(std::move(*error));
        if (before->built_in) {
          repos.documents.add(before->document);
          repos.documents.add_version(before->built_in->version);
        }
        added.version = before->document.last_version + 1;
        repos.documents.add_version(added);
        FoundDocument found{.document = before->document,
                            .version = added,
                            .latest_version = added.version,
                            .owner = installation.account};
        return Updated{std::move(found), repos.tags.list(store::kDocumentTags, in.name)};
      });
  if (!updated) co_return std::unexpected(std::move(updated.error()));
  co_return DocumentDescriptionResponse{describe(updated->found, version->parsed, updated->tags)};
}

struct UpdateDocumentDefaultVersionRequest {
  std::string name;
  std::string document_version;

  void validate(aws::Validation& validation) const {
    static const aws::Pattern number_pattern("[1-9][0-9]{0,8}");
    validation.pattern("name", name, kDocumentNameOrArn);
    validation.pattern("documentVersion", document_version, number_pattern);
  }
};
BOOST_DESCRIBE_STRUCT(UpdateDocumentDefaultVersionRequest, (), (name, document_version))

struct DefaultVersionDescription {
  std::string name;
  std::string default_version;
  std::optional<std::string> default_version_name;
};
BOOST_DESCRIBE_STRUCT(DefaultVersionDescription, (), (name, default_version, default_version_name))

struct UpdateDocumentDefaultVersionResponse {
  DefaultVersionDescription description;
};
BOOST_DESCRIBE_STRUCT(UpdateDocumentDefaultVersionResponse, (), (description))

awaitable<Result<UpdateDocumentDefaultVersionResponse>> update_default_version(
    Call& call, UpdateDocumentDefaultVersionRequest in) {
  if (auto error = refuse_foreign(in.name, "changed")) co_return std::unexpected(std::move(*error));
  auto found = co_await call.services.store.run(
      [in, installation = call.services.installation](store::Repositories& repos) {
        auto chosen = find_document(repos, installation, in.name, {.version = in.document_version});
        // The preferences that are built in have one version, which is the default anyway.
        if (chosen && !chosen->built_in) repos.documents.set_default(in.name, chosen->version.version);
        return chosen;
      });
  if (!found) co_return std::unexpected(std::move(found.error()));
  co_return UpdateDocumentDefaultVersionResponse{
      {in.name, in.document_version, unless_empty(found->version.version_name)}};
}

struct DeleteDocumentRequest {
  std::string name;
  std::optional<std::string> document_version;
  std::optional<std::string> version_name;

  void validate(aws::Validation& validation) const {
    validation.pattern("name", name, kDocumentNameOrArn);
    if (document_version) validation.pattern("documentVersion", *document_version, kDocumentVersionPattern);
    if (version_name) validation.pattern("versionName", *version_name, kVersionNamePattern);
  }
};
BOOST_DESCRIBE_STRUCT(DeleteDocumentRequest, (), (name, document_version, version_name))

std::optional<aws::ApiError> remove_document(store::Repositories& repos,
                                             const auth::Installation& installation,
                                             const DeleteDocumentRequest& in) {
  const auto found = find_document(repos, installation, in.name,
                                   {.version = in.document_version, .version_name = in.version_name});
  if (!found) return found.error();
  if (found->built_in) {
    return aws::kInvalidDocument(
        fmt::format("Nobody has created {}; the defaults are in force already.", in.name));
  }
  if (!in.document_version && !in.version_name) {
    repos.documents.remove(in.name);
    return std::nullopt;
  }
  const auto version = found->version.version;
  if (version == found->document.default_version) {
    return aws::kInvalidDocumentOperation(
        fmt::format("Version {} of the document {} is its default. Make another one the default first, or "
                    "delete the whole document.",
                    version, in.name));
  }
  repos.documents.remove_version(in.name, version);
  return std::nullopt;
}

awaitable<Result<Empty>> delete_document(Call& call, DeleteDocumentRequest in) {
  if (auto error = refuse_foreign(in.name, "deleted")) co_return std::unexpected(std::move(*error));
  auto error = co_await call.services.store.run(
      [in, installation = call.services.installation](store::Repositories& repos) {
        return remove_document(repos, installation, in);
      });
  if (error) co_return std::unexpected(std::move(*error));
  announce_resources_changed(call.services);
  co_return Empty{};
}

}  // namespace

void register_document_writing(Registry& registry) {
  registry.add(
      "ssm", "CreateDocument",
      json_operation<CreateDocumentRequest, DocumentDescriptionResponse>(
          {.access = on_document<CreateDocumentRequest>("ssm:CreateDocument"), .run = create_document}));
  registry.add(
      "ssm", "UpdateDocument",
      json_operation<UpdateDocumentRequest, DocumentDescriptionResponse>(
          {.access = on_document<UpdateDocumentRequest>("ssm:UpdateDocument"), .run = update_document}));
  registry.add(
      "ssm", "UpdateDocumentDefaultVersion",
      json_operation<UpdateDocumentDefaultVersionRequest, UpdateDocumentDefaultVersionResponse>(
          {.access = on_document<UpdateDocumentDefaultVersionRequest>("ssm:UpdateDocumentDefaultVersion"),
           .run = update_default_version}));
  registry.add(
      "ssm", "DeleteDocument",
      json_operation<DeleteDocumentRequest, Empty>(
          {.access = on_document<DeleteDocumentRequest>("ssm:DeleteDocument"), .run = delete_document}));
}

}  // namespace postern::api::ssm
