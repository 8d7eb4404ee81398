#include "api/iam/requests.h"

#include "api/iam/errors.h"
#include "api/tag_keys.h"
#include "iam/text.h"

namespace postern::api::iam {
namespace {

const aws::Pattern kName(R"([\w+=,.@-]+)");
const aws::Pattern kPath(R"((/)|(/[!-~]+/))");
const aws::Pattern kPathPrefix(R"(/[!-~]*)");
const aws::Pattern kMarker(R"([ -ÿ]+)");
const aws::Pattern kPolicyArn(R"(arn:[^:]+:iam::([0-9]{12}|aws):policy/.+)");
const aws::Pattern kTagKey(R"([\p{L}\p{Z}\p{N}_.:/=+\-@]+)");
const aws::Pattern kTagValue(R"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)");
// Tabs, line feeds, carriage returns and what Latin-1 prints.
const aws::Pattern kDocument(R"([\x{9}\x{A}\x{D}\x{20}-\x{FF}]+)");

}  // namespace

bool is_same_name(std::string_view one, std::string_view other) {
  return postern::iam::equal_folded(one, other);
}

void check_user_name(aws::Validation& validation, std::string_view at, const std::string& name) {
  validation.length(at, name, 1, 64);
  if (!name.empty()) validation.pattern(at, name, kName);
}

void check_long_name(aws::Validation& validation, std::string_view at, const std::string& name) {
  validation.length(at, name, 1, 128);
  if (!name.empty()) validation.pattern(at, name, kName);
}

void check_path(aws::Validation& validation, const std::optional<std::string>& path) {
  if (!path) return;
  validation.length("path", *path, 1, 512);
  validation.pattern("path", *path, kPath);
}

void check_path_prefix(aws::Validation& validation, const std::optional<std::string>& prefix) {
  if (!prefix) return;
  validation.length("pathPrefix", *prefix, 1, 512);
  validation.pattern("pathPrefix", *prefix, kPathPrefix);
}

void check_policy_arn(aws::Validation& validation, std::string_view at, const std::string& arn) {
  validation.length(at, arn, 20, 2048);
  validation.pattern(at, arn, kPolicyArn);
}

void check_document(aws::Validation& validation, std::string_view at, const std::string& document) {
  validation.length(at, document, 1, 131'072);
  if (!document.empty()) validation.pattern(at, document, kDocument);
}

void check_tags(aws::Validation& validation, const std::vector<Tag>& tags) {
  for (const auto& tag : tags) {
    validation.length("tags.key", tag.key, 1, 128);
    validation.pattern("tags.key", tag.key, kTagKey);
    validation.length("tags.value", tag.value, 0, 256);
    validation.pattern("tags.value", tag.value, kTagValue);
  }
}

void check_tag_keys(aws::Validation& validation, const std::vector<std::string>& keys) {
  for (const auto& key : keys) validation.length("tagKeys", key, 1, 128);
}

void check_paging(aws::Validation& validation, const std::optional<std::string>& marker,
                  const std::optional<int>& max_items) {
  if (marker) {
    validation.length("marker", *marker, 1, 2048);
    validation.pattern("marker", *marker, kMarker);
  }
  if (max_items) validation.range("maxItems", *max_items, 1, 1000);
}

void ListByPathRequest::validate(aws::Validation& validation) const {
  check_path_prefix(validation, path_prefix);
  check_paging(validation, marker, max_items);
}

void require_no_policies(store::Repositories& repos, const std::string& holder_id) {
  if (!repos.attachments.attached_to(holder_id).empty())
    refuse(kDeleteConflict, "Cannot delete entity, must detach all policies first.");
  if (!repos.attachments.inline_of(holder_id).empty())
    refuse(kDeleteConflict, "Cannot delete entity, must delete policies first.");
}

void require_policy(const std::string& document, postern::iam::PolicyKind kind,
                    const postern::iam::PolicyLimits& limits) {
  if (postern::iam::counted_characters(document, limits.rule) > limits.characters) {
    refuse(kLimitExceeded,
           "Cannot exceed quota for " +
               std::string(kind == postern::iam::PolicyKind::kTrust ? "ACLSizePerRole" : "PolicySize") +
               ": " + std::to_string(limits.characters));
  }
  const auto parsed = postern::iam::parse(document, kind, limits);
  if (!parsed) refuse(kMalformedPolicyDocument, parsed.error().message());
}

void require_tags(const store::Tags& present, const std::vector<Tag>& added) {
  for (const auto& tag : added) {
    if (is_reserved_tag_key(tag.key))
      refuse(kInvalidInput, "Tag keys that begin with aws: belong to the service; found " + tag.key + '.');
  }
  if (repeated_tag_key(added) != nullptr)
    refuse(kInvalidInput, "Duplicate tag keys found. Please note that Tag keys are case insensitive.");
  if (with_tags(present, to_record(added)).size() > kMaxTags)
    refuse(kLimitExceeded, "Cannot exceed quota for TagsPerResource: " + std::to_string(kMaxTags));
}

}  // namespace postern::api::iam
