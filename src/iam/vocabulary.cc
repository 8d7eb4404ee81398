#include "iam/vocabulary.h"

#include <algorithm>
#include <array>

#include "iam/glob.h"
#include "iam/text.h"

namespace postern::iam {
namespace {

struct Service {
  std::string_view name;
  std::span<const std::string_view> actions;
};

// The names of the operations in AWS's public service models, and the actions that the Service Authorization
// Reference has besides.
constexpr std::array<std::string_view, 6> kEc2MessagesActions = {
    "AcknowledgeMessage", "DeleteMessage", "FailMessage", "GetEndpoint", "GetMessages", "SendReply"};
constexpr std::array<std::string_view, 159> kIamActions = {"AddClientIDToOpenIDConnectProvider",
                                                           "AddRoleToInstanceProfile",
                                                           "AddUserToGroup",
                                                           "AttachGroupPolicy",
                                                           "AttachRolePolicy",
                                                           "AttachUserPolicy",
                                                           "ChangePassword",
                                                           "CreateAccessKey",
                                                           "CreateAccountAlias",
                                                           "CreateGroup",
                                                           "CreateInstanceProfile",
                                                           "CreateLoginProfile",
                                                           "CreateOpenIDConnectProvider",
                                                           "CreatePolicy",
                                                           "CreatePolicyVersion",
                                                           "CreateRole",
                                                           "CreateSAMLProvider",
                                                           "CreateServiceLinkedRole",
                                                           "CreateServiceSpecificCredential",
                                                           "CreateUser",
                                                           "CreateVirtualMFADevice",
                                                           "DeactivateMFADevice",
                                                           "DeleteAccessKey",
                                                           "DeleteAccountAlias",
                                                           "DeleteAccountPasswordPolicy",
                                                           "DeleteGroup",
                                                           "DeleteGroupPolicy",
                                                           "DeleteInstanceProfile",
                                                           "DeleteLoginProfile",
                                                           "DeleteOpenIDConnectProvider",
                                                           "DeletePolicy",
                                                           "DeletePolicyVersion",
                                                           "DeleteRole",
                                                           "DeleteRolePermissionsBoundary",
                                                           "DeleteRolePolicy",
                                                           "DeleteSAMLProvider",
                                                           "DeleteSSHPublicKey",
                                                           "DeleteServerCertificate",
                                                           "DeleteServiceLinkedRole",
                                                           "DeleteServiceSpecificCredential",
                                                           "DeleteSigningCertificate",
                                                           "DeleteUser",
                                                           "DeleteUserPermissionsBoundary",
                                                           "DeleteUserPolicy",
                                                           "DeleteVirtualMFADevice",
                                                           "DetachGroupPolicy",
                                                           "DetachRolePolicy",
                                                           "DetachUserPolicy",
                                                           "EnableMFADevice",
                                                           "GenerateCredentialReport",
                                                           "GenerateOrganizationsAccessReport",
                                                           "GenerateServiceLastAccessedDetails",
                                                           "GetAccessKeyLastUsed",
                                                           "GetAccountAuthorizationDetails",
                                                           "GetAccountPasswordPolicy",
                                                           "GetAccountSummary",
                                                           "GetContextKeysForCustomPolicy",
                                                           "GetContextKeysForPrincipalPolicy",
                                                           "GetCredentialReport",
                                                           "GetGroup",
                                                           "GetGroupPolicy",
                                                           "GetInstanceProfile",
                                                           "GetLoginProfile",
                                                           "GetOpenIDConnectProvider",
                                                           "GetOrganizationsAccessReport",
                                                           "GetPolicy",
                                                           "GetPolicyVersion",
                                                           "GetRole",
                                                           "GetRolePolicy",
                                                           "GetSAMLProvider",
                                                           "GetSSHPublicKey",
                                                           "GetServerCertificate",
                                                           "GetServiceLastAccessedDetails",
                                                           "GetServiceLastAccessedDetailsWithEntities",
                                                           "GetServiceLinkedRoleDeletionStatus",
                                                           "GetUser",
                                                           "GetUserPolicy",
                                                           "ListAccessKeys",
                                                           "ListAccountAliases",
                                                           "ListAttachedGroupPolicies",
                                                           "ListAttachedRolePolicies",
                                                           "ListAttachedUserPolicies",
                                                           "ListEntitiesForPolicy",
                                                           "ListGroupPolicies",
                                                           "ListGroups",
                                                           "ListGroupsForUser",
                                                           "ListInstanceProfileTags",
                                                           "ListInstanceProfiles",
                                                           "ListInstanceProfilesForRole",
                                                           "ListMFADeviceTags",
                                                           "ListMFADevices",
                                                           "ListOpenIDConnectProviderTags",
                                                           "ListOpenIDConnectProviders",
                                                           "ListPolicies",
                                                           "ListPoliciesGrantingServiceAccess",
                                                           "ListPolicyTags",
                                                           "ListPolicyVersions",
                                                           "ListRolePolicies",
                                                           "ListRoleTags",
                                                           "ListRoles",
                                                           "ListSAMLProviderTags",
                                                           "ListSAMLProviders",
                                                           "ListSSHPublicKeys",
                                                           "ListServerCertificateTags",
                                                           "ListServerCertificates",
                                                           "ListServiceSpecificCredentials",
                                                           "ListSigningCertificates",
                                                           "ListUserPolicies",
                                                           "ListUserTags",
                                                           "ListUsers",
                                                           "ListVirtualMFADevices",
                                                           "PassRole",
                                                           "PutGroupPolicy",
                                                           "PutRolePermissionsBoundary",
                                                           "PutRolePolicy",
                                                           "PutUserPermissionsBoundary",
                                                           "PutUserPolicy",
                                                           "RemoveClientIDFromOpenIDConnectProvider",
                                                           "RemoveRoleFromInstanceProfile",
                                                           "RemoveUserFromGroup",
                                                           "ResetServiceSpecificCredential",
                                                           "ResyncMFADevice",
                                                           "SetDefaultPolicyVersion",
                                                           "SetSecurityTokenServicePreferences",
                                                           "SimulateCustomPolicy",
                                                           "SimulatePrincipalPolicy",
                                                           "TagInstanceProfile",
                                                           "TagMFADevice",
                                                           "TagOpenIDConnectProvider",
                                                           "TagPolicy",
                                                           "TagRole",
                                                           "TagSAMLProvider",
                                                           "TagServerCertificate",
                                                           "TagUser",
                                                           "UntagInstanceProfile",
                                                           "UntagMFADevice",
                                                           "UntagOpenIDConnectProvider",
                                                           "UntagPolicy",
                                                           "UntagRole",
                                                           "UntagSAMLProvider",
                                                           "UntagServerCertificate",
                                                           "UntagUser",
                                                           "UpdateAccessKey",
                                                           "UpdateAccountPasswordPolicy",
                                                           "UpdateAssumeRolePolicy",
                                                           "UpdateGroup",
                                                           "UpdateLoginProfile",
                                                           "UpdateOpenIDConnectProviderThumbprint",
                                                           "UpdateRole",
                                                           "UpdateRoleDescription",
                                                           "UpdateSAMLProvider",
                                                           "UpdateSSHPublicKey",
                                                           "UpdateServerCertificate",
                                                           "UpdateServiceSpecificCredential",
                                                           "UpdateSigningCertificate",
                                                           "UpdateUser",
                                                           "UploadSSHPublicKey",
                                                           "UploadServerCertificate",
                                                           "UploadSigningCertificate"};
constexpr std::array<std::string_view, 150> kSsmActions = {
    "AddTagsToResource",
    "AssociateOpsItemRelatedItem",
    "CancelCommand",
    "CancelMaintenanceWindowExecution",
    "CreateActivation",
    "CreateAssociation",
    "CreateAssociationBatch",
    "CreateDocument",
    "CreateMaintenanceWindow",
    "CreateOpsItem",
    "CreateOpsMetadata",
    "CreatePatchBaseline",
    "CreateResourceDataSync",
    "DeleteActivation",
    "DeleteAssociation",
    "DeleteDocument",
    "DeleteInventory",
    "DeleteMaintenanceWindow",
    "DeleteOpsMetadata",
    "DeleteParameter",
    "DeleteParameters",
    "DeletePatchBaseline",
    "DeleteResourceDataSync",
    "DeleteResourcePolicy",
    "DeregisterManagedInstance",
    "DeregisterPatchBaselineForPatchGroup",
    "DeregisterTargetFromMaintenanceWindow",
    "DeregisterTaskFromMaintenanceWindow",
    "DescribeActivations",
    "DescribeAssociation",
    "DescribeAssociationExecutionTargets",
    "DescribeAssociationExecutions",
    "DescribeAutomationExecutions",
    "DescribeAutomationStepExecutions",
    "DescribeAvailablePatches",
    "DescribeDocument",
    "DescribeDocumentParameters",
    "DescribeDocumentPermission",
    "DescribeEffectiveInstanceAssociations",
    "DescribeEffectivePatchesForPatchBaseline",
    "DescribeInstanceAssociationsStatus",
    "DescribeInstanceInformation",
    "DescribeInstancePatchStates",
    "DescribeInstancePatchStatesForPatchGroup",
    "DescribeInstancePatches",
    "DescribeInstanceProperties",
    "DescribeInventoryDeletions",
    "DescribeMaintenanceWindowExecutionTaskInvocations",
    "DescribeMaintenanceWindowExecutionTasks",
    "DescribeMaintenanceWindowExecutions",
    "DescribeMaintenanceWindowSchedule",
    "DescribeMaintenanceWindowTargets",
    "DescribeMaintenanceWindowTasks",
    "DescribeMaintenanceWindows",
    "DescribeMaintenanceWindowsForTarget",
    "DescribeOpsItems",
    "DescribeParameters",
    "DescribePatchBaselines",
    "DescribePatchGroupState",
    "DescribePatchGroups",
    "DescribePatchProperties",
    "DescribeSessions",
    "DisassociateOpsItemRelatedItem",
    "GetAccessToken",
    "GetAutomationExecution",
    "GetCalendarState",
    "GetCommandInvocation",
    "GetConnectionStatus",
    "GetDefaultPatchBaseline",
    "GetDeployablePatchSnapshotForInstance",
    "GetDocument",
    "GetInventory",
    "GetInventorySchema",
    "GetMaintenanceWindow",
    "GetMaintenanceWindowExecution",
    "GetMaintenanceWindowExecutionTask",
    "GetMaintenanceWindowExecutionTaskInvocation",
    "GetMaintenanceWindowTask",
    "GetManifest",
    "GetOpsItem",
    "GetOpsMetadata",
    "GetOpsSummary",
    "GetParameter",
    "GetParameterHistory",
    "GetParameters",
    "GetParametersByPath",
    "GetPatchBaseline",
    "GetPatchBaselineForPatchGroup",
    "GetResourcePolicies",
    "GetServiceSetting",
    "LabelParameterVersion",
    "ListAssociationVersions",
    "ListAssociations",
    "ListCommandInvocations",
    "ListCommands",
    "ListComplianceItems",
    "ListComplianceSummaries",
    "ListDocumentMetadataHistory",
    "ListDocumentVersions",
    "ListDocuments",
    "ListInstanceAssociations",
    "ListInventoryEntries",
    "ListOpsItemEvents",
    "ListOpsItemRelatedItems",
    "ListOpsMetadata",
    "ListResourceComplianceSummaries",
    "ListResourceDataSync",
    "ListTagsForResource",
    "ModifyDocumentPermission",
    "PutComplianceItems",
    "PutConfigurePackageResult",
    "PutInventory",
    "PutParameter",
    "PutResourcePolicy",
    "RegisterDefaultPatchBaseline",
    "RegisterManagedInstance",
    "RegisterPatchBaselineForPatchGroup",
    "RegisterTargetWithMaintenanceWindow",
    "RegisterTaskWithMaintenanceWindow",
    "RemoveTagsFromResource",
    "RequestManagedInstanceRoleToken",
    "ResetServiceSetting",
    "ResumeSession",
    "SendAutomationSignal",
    "SendCommand",
    "StartAccessRequest",
    "StartAssociationsOnce",
    "StartAutomationExecution",
    "StartChangeRequestExecution",
    "StartSession",
    "StopAutomationExecution",
    "TerminateSession",
    "UnlabelParameterVersion",
    "UpdateAssociation",
    "UpdateAssociationStatus",
    "UpdateDocument",
    "UpdateDocumentDefaultVersion",
    "UpdateDocumentMetadata",
    "UpdateInstanceAssociationStatus",
    "UpdateInstanceInformation",
    "UpdateMaintenanceWindow",
    "UpdateMaintenanceWindowTarget",
    "UpdateMaintenanceWindowTask",
    "UpdateManagedInstancePublicKey",
    "UpdateManagedInstanceRole",
    "UpdateOpsItem",
    "UpdateOpsMetadata",
    "UpdatePatchBaseline",
    "UpdateResourceDataSync",
    "UpdateServiceSetting"};
constexpr std::array<std::string_view, 4> kSsmMessagesActions = {"CreateControlChannel", "CreateDataChannel",
                                                                 "OpenControlChannel", "OpenDataChannel"};
constexpr std::array<std::string_view, 12> kStsActions = {
    "AssumeRole",       "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "DecodeAuthorizationMessage",
    "GetAccessKeyInfo", "GetCallerIdentity",  "GetFederationToken",        "GetServiceBearerToken",
    "GetSessionToken",  "SetContext",         "SetSourceIdentity",         "TagSession"};

constexpr std::array kServices = {Service{"ssm", kSsmActions}, Service{"iam", kIamActions},
                                  Service{"sts", kStsActions}, Service{"ssmmessages", kSsmMessagesActions},
                                  Service{"ec2messages", kEc2MessagesActions}};

// "AWS global condition context keys"; a name that ends with a slash has a tag key after it.
constexpr std::array<std::string_view, 48> kGlobalKeys = {"aws:principalarn",
                                                          "aws:principalaccount",
                                                          "aws:principalorgpaths",
                                                          "aws:principalorgid",
                                                          "aws:principaltag/",
                                                          "aws:principalisawsservice",
                                                          "aws:principalservicename",
                                                          "aws:principalservicenameslist",
                                                          "aws:principaltype",
                                                          "aws:userid",
                                                          "aws:username",
                                                          "aws:assumedroot",
                                                          "aws:federatedprovider",
                                                          "aws:tokenissuetime",
                                                          "aws:multifactorauthage",
                                                          "aws:multifactorauthpresent",
                                                          "aws:chatbotsourcearn",
                                                          "aws:ec2instancesourcevpc",
                                                          "aws:ec2instancesourceprivateipv4",
                                                          "aws:sourceidentity",
                                                          "aws:sourceip",
                                                          "aws:sourcevpc",
                                                          "aws:sourcevpcarn",
                                                          "aws:sourcevpce",
                                                          "aws:vpceaccount",
                                                          "aws:vpceorgid",
                                                          "aws:vpceorgpaths",
                                                          "aws:vpcsourceip",
                                                          "aws:resourceaccount",
                                                          "aws:resourceorgid",
                                                          "aws:resourceorgpaths",
                                                          "aws:resourcetag/",
                                                          "aws:calledvia",
                                                          "aws:calledviafirst",
                                                          "aws:calledvialast",
                                                          "aws:viaawsservice",
                                                          "aws:currenttime",
                                                          "aws:epochtime",
                                                          "aws:referer",
                                                          "aws:requestedregion",
                                                          "aws:requesttag/",
                                                          "aws:tagkeys",
                                                          "aws:securetransport",
                                                          "aws:sourceaccount",
                                                          "aws:sourcearn",
                                                          "aws:sourceorgid",
                                                          "aws:sourceorgpaths",
                                                          "aws:useragent"};

struct ServiceKey {
  std::string_view name;
  // Patterns of the actions that have it, in lower case, with kAnyRun for a star.
  std::span<const std::string_view> actions;
};

constexpr std::array<std::string_view, 1> kAnySsm = {"ssm:\xFF"};
constexpr std::array<std::string_view, 1> kStart = {"ssm:startsession"};
constexpr std::array<std::string_view, 2> kStartOrSend = {"ssm:startsession", "ssm:sendcommand"};
constexpr std::array<std::string_view, 2> kNodes = {"ssm:\xFF", "ssmmessages:\xFF"};
constexpr std::array<std::string_view, 1> kAssume = {"sts:assumerole\xFF"};
constexpr std::array<std::string_view, 1> kPass = {"iam:passrole"};
constexpr std::array<std::string_view, 1> kAnyIam = {"iam:\xFF"};
// control-plane keys of the Service Authorization Reference, and Postern's own.
constexpr std::array kServiceKeys = {
    ServiceKey{"ssm:resourcetag/", kAnySsm},        ServiceKey{"ssm:sessiondocumentaccesscheck", kStart},
    ServiceKey{"ssm:accessrequestid", kStart},      ServiceKey{"ssm:documenttype", kAnySsm},
    ServiceKey{"ssm:documentcategories", kAnySsm},  ServiceKey{"ssm:sourceinstancearn", kNodes},
    ServiceKey{"ec2:sourceinstancearn", kNodes},    ServiceKey{"ec2:resourcetag/", kAnySsm},
    ServiceKey{"ssm:nodeaccountid", kAnySsm},       ServiceKey{"ssm:nodeorgid", kAnySsm},
    ServiceKey{"ssm:overwrite", kAnySsm},           ServiceKey{"ssm:recursive", kAnySsm},
    ServiceKey{"postern:portnumber", kStart},       ServiceKey{"postern:host", kStart},
    ServiceKey{"postern:command", kStartOrSend},    ServiceKey{"postern:filedirection", kStart},
    ServiceKey{"postern:localuser", kStartOrSend},  ServiceKey{"sts:externalid", kAssume},
    ServiceKey{"sts:rolesessionname", kAssume},     ServiceKey{"sts:sourceidentity", kAssume},
    ServiceKey{"sts:transitivetagkeys", kAssume},   ServiceKey{"iam:passedtoservice", kPass},
    ServiceKey{"iam:associatedresourcearn", kPass}, ServiceKey{"iam:resourcetag/", kAnyIam},
    ServiceKey{"iam:policyarn", kAnyIam},           ServiceKey{"iam:permissionsboundary", kAnyIam},
    ServiceKey{"iam:awsservicename", kAnyIam}};

const Service* find_service(std::string_view name) {
  const auto* found = std::ranges::find_if(
      kServices, [&](const Service& service) { return equal_folded(service.name, name); });
  return found == kServices.end() ? nullptr : found;
}

bool names(std::string_view known, std::string_view key) {
  return known.ends_with('/') ? key.starts_with(known) && key.size() > known.size() : key == known;
}

}  // namespace

ActionKnowledge know_action(std::string_view pattern) {
  const auto colon = pattern.find(':');
  const auto* service = colon == std::string_view::npos ? nullptr : find_service(pattern.substr(0, colon));
  if (service == nullptr) return ActionKnowledge::kForeign;
  const auto glob = encode_wildcards(folded(pattern.substr(colon + 1)));
  const bool found = std::ranges::any_of(
      service->actions, [&](std::string_view action) { return glob_match(glob, folded(action)); });
  return found ? ActionKnowledge::kKnown : ActionKnowledge::kUnknown;
}

bool is_global_key(std::string_view key) {
  const auto name = folded(key);
  return std::ranges::any_of(kGlobalKeys, [&](std::string_view known) { return names(known, name); });
}

KeyKnowledge know_key(std::string_view key, std::string_view action) {
  const auto name = folded(key);
  if (name.starts_with("aws:")) return is_global_key(name) ? KeyKnowledge::kPossible : KeyKnowledge::kUnknown;
  const auto* found =
      std::ranges::find_if(kServiceKeys, [&](const ServiceKey& known) { return names(known.name, name); });
  const auto service = name.substr(0, name.find(':'));
  if (found == kServiceKeys.end()) {
    return service == "postern" || service == "ssm" || service == "ssmmessages" ? KeyKnowledge::kUnknown
                                                                                : KeyKnowledge::kPossible;
  }
  if (know_action(action) == ActionKnowledge::kForeign) return KeyKnowledge::kPossible;
  // Both may be patterns: is there an action that both mean?
  const auto wanted = encode_wildcards(folded(action));
  const bool meet = std::ranges::any_of(found->actions, [&](std::string_view has) {
    return glob_match(has, folded(action)) || glob_match(wanted, has);
  });
  return meet ? KeyKnowledge::kPossible : KeyKnowledge::kNever;
}

bool is_multivalued_key(std::string_view key) {
  constexpr std::array<std::string_view, 5> kKeys = {"aws:tagkeys", "aws:calledvia", "aws:principalorgpaths",
                                                     "aws:principalservicenameslist",
                                                     "sts:transitivetagkeys"};
  return std::ranges::find(kKeys, folded(key)) != kKeys.end();
}

}  // namespace postern::iam
