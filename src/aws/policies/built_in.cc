#include "aws/policies/built_in.h"

#include <algorithm>

namespace postern::aws {
namespace {

constexpr Timestamp kFirst{std::chrono::seconds(1'795'824'000)};  // 2026-11-28

// What a policy of AWS's name grants is what AWS documents under that name, as far as Postern has it
// (control-plane.md 7.2 for nodes); the texts are ours, and so are the policies named Postern.

constexpr BuiltInPolicyVersion kAdministrator[] = {{1, R"json({
  "Version": "2012-10-17",
  "Statement": [
    { "Effect": "Allow", "Action": "*", "Resource": "*" }
  ]
})json",
                                                    kFirst}};

constexpr BuiltInPolicyVersion kReadOnly[] = {{1, R"json({
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "ReadEverything",
      "Effect": "Allow",
      "Action": [
        "cloudtrail:Describe*", "cloudtrail:Get*", "cloudtrail:List*", "cloudtrail:LookupEvents",
        "ec2:Describe*", "ec2:Get*",
        "iam:Generate*", "iam:Get*", "iam:List*", "iam:Simulate*",
        "kms:Describe*", "kms:Get*", "kms:List*",
        "logs:Describe*", "logs:FilterLogEvents", "logs:Get*", "logs:List*",
        "organizations:Describe*", "organizations:List*",
        "ssm:Describe*", "ssm:Get*", "ssm:List*",
        "sts:GetAccessKeyInfo", "sts:GetCallerIdentity",
        "tag:Get*"
      ],
      "Resource": "*"
    }
  ]
})json",
                                               kFirst}};

constexpr BuiltInPolicyVersion kManagedInstance[] = {{1, R"json({
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Node",
      "Effect": "Allow",
      "Action": [
        "ssm:DescribeAssociation", "ssm:DescribeDocument", "ssm:GetDeployablePatchSnapshotForInstance",
        "ssm:GetDocument", "ssm:GetManifest", "ssm:GetParameter", "ssm:GetParameters", "ssm:ListAssociations",
        "ssm:ListInstanceAssociations", "ssm:PutComplianceItems", "ssm:PutConfigurePackageResult",
        "ssm:PutInventory", "ssm:UpdateAssociationStatus", "ssm:UpdateInstanceAssociationStatus",
        "ssm:UpdateInstanceInformation"
      ],
      "Resource": "*"
    },
    {
      "Sid": "Channels",
      "Effect": "Allow",
      "Action": [
        "ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel", "ssmmessages:OpenControlChannel",
        "ssmmessages:OpenDataChannel"
      ],
      "Resource": "*"
    },
    {
      "Sid": "Messages",
      "Effect": "Allow",
      "Action": [
        "ec2messages:AcknowledgeMessage", "ec2messages:DeleteMessage", "ec2messages:FailMessage",
        "ec2messages:GetEndpoint", "ec2messages:GetMessages", "ec2messages:SendReply"
      ],
      "Resource": "*"
    }
  ]
})json",
                                                      kFirst}};

constexpr BuiltInPolicyVersion kSystemsManager[] = {{1, R"json({
  "Version": "2012-10-17",
  "Statement": [
    { "Sid": "SystemsManager", "Effect": "Allow", "Action": ["ssm:*", "ssmmessages:*"], "Resource": "*" },
    {
      "Sid": "Nodes",
      "Effect": "Allow",
      "Action": ["ec2:DescribeInstances", "ec2:DescribeInstanceStatus", "ec2messages:*"],
      "Resource": "*"
    }
  ]
})json",
                                                     kFirst}};

constexpr BuiltInPolicyVersion kSystemsManagerReadOnly[] = {{1, R"json({
  "Version": "2012-10-17",
  "Statement": [
    { "Effect": "Allow", "Action": ["ssm:Describe*", "ssm:Get*", "ssm:List*"], "Resource": "*" }
  ]
})json",
                                                             kFirst}};

constexpr BuiltInPolicyVersion kIam[] = {{1, R"json({
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "iam:*", "organizations:DescribeOrganization", "organizations:DescribePolicy", "organizations:ListPolicies",
        "organizations:ListPoliciesForTarget", "organizations:ListRoots", "organizations:ListTargetsForPolicy"
      ],
      "Resource": "*"
    }
  ]
})json",
                                          kFirst}};

constexpr BuiltInPolicyVersion kIamReadOnly[] = {{1, R"json({
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": ["iam:GenerateServiceLastAccessedDetails", "iam:Get*", "iam:List*", "iam:Simulate*"],
      "Resource": "*"
    }
  ]
})json",
                                                  kFirst}};

constexpr BuiltInPolicyVersion kOwnPassword[] = {{1, R"json({
  "Version": "2012-10-17",
  "Statement": [
    { "Effect": "Allow", "Action": "iam:ChangePassword", "Resource": "arn:aws:iam::*:user/${aws:username}" },
    { "Effect": "Allow", "Action": "iam:GetAccountPasswordPolicy", "Resource": "*" }
  ]
})json",
                                                  kFirst}};

// One's own sessions: a user's begin with the name, a role session's carry the tag with its id.
constexpr BuiltInPolicyVersion kSessionUser[] = {{1, R"json({
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "StartAShell",
      "Effect": "Allow",
      "Action": "ssm:StartSession",
      "Resource": [
        "arn:aws:ec2:*:*:instance/*",
        "arn:aws:ssm:*:*:managed-instance/*",
        "arn:aws:ssm:*:*:document/SSM-SessionManagerRunShell"
      ],
      "Condition": { "BoolIfExists": { "ssm:SessionDocumentAccessCheck": "true" } }
    },
    {
      "Sid": "FindNodesAndSessions",
      "Effect": "Allow",
      "Action": [
        "ec2:DescribeInstances", "ssm:DescribeInstanceInformation", "ssm:DescribeInstanceProperties",
        "ssm:DescribeSessions", "ssm:GetConnectionStatus"
      ],
      "Resource": "*"
    },
    {
      "Sid": "OwnSessions",
      "Effect": "Allow",
      "Action": ["ssm:ResumeSession", "ssm:TerminateSession"],
      "Resource": "*",
      "Condition": { "StringLike": { "ssm:resourceTag/aws:ssmmessages:session-id": "${aws:userid}" } }
    }
  ]
})json",
                                                  kFirst}};

constexpr BuiltInPolicyVersion kSessionAdministrator[] = {{1, R"json({
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "AnySession",
      "Effect": "Allow",
      "Action": ["ssm:ResumeSession", "ssm:StartSession", "ssm:TerminateSession"],
      "Resource": "*"
    },
    {
      "Sid": "Preferences",
      "Effect": "Allow",
      "Action": [
        "ssm:CreateDocument", "ssm:GetDocument", "ssm:UpdateDocument", "ssm:UpdateDocumentDefaultVersion"
      ],
      "Resource": "arn:aws:ssm:*:*:document/SSM-SessionManagerRunShell"
    },
    {
      "Sid": "FindNodesAndSessions",
      "Effect": "Allow",
      "Action": [
        "ec2:DescribeInstances", "ssm:DescribeDocument", "ssm:DescribeInstanceInformation",
        "ssm:DescribeInstanceProperties", "ssm:DescribeSessions", "ssm:GetConnectionStatus", "ssm:ListDocuments"
      ],
      "Resource": "*"
    }
  ]
})json",
                                                           kFirst}};

constexpr BuiltInPolicy kPolicies[] = {
    {"AdministratorAccess", "/", kAdministratorAccess, "ANPAADMINISTRATORACCS", "Everything on everything.",
     kAdministrator},
    {"AmazonSSMFullAccess", "/", "arn:aws:iam::aws:policy/AmazonSSMFullAccess", "ANPASSMFULLACCESSAAAA",
     "Everything of Systems Manager, sessions on all nodes included.", kSystemsManager},
    {"AmazonSSMManagedInstanceCore", "/", kManagedInstanceCore, "ANPASSMMANAGEDINSTCOR",
     "What a managed node does on its own behalf. Without it a node is offline.", kManagedInstance},
    {"AmazonSSMReadOnlyAccess", "/", "arn:aws:iam::aws:policy/AmazonSSMReadOnlyAccess",
     "ANPASSMREADONLYACCESS", "Looking at nodes, documents and sessions.", kSystemsManagerReadOnly},
    {"IAMFullAccess", "/", "arn:aws:iam::aws:policy/IAMFullAccess", "ANPAIAMFULLACCESSAAAA",
     "Everything of IAM, which includes granting oneself anything.", kIam},
    {"IAMReadOnlyAccess", "/", "arn:aws:iam::aws:policy/IAMReadOnlyAccess", "ANPAIAMREADONLYACCESS",
     "Looking at identities and policies.", kIamReadOnly},
    {"IAMUserChangePassword", "/", "arn:aws:iam::aws:policy/IAMUserChangePassword", "ANPACHANGEOWNPASSWORD",
     "Changing one's own password.", kOwnPassword},
    {"PosternSessionAdministrator", "/", "arn:aws:iam::aws:policy/PosternSessionAdministrator",
     "ANPASESSIONADMINISTRA", "Sessions of everybody on all nodes, and the session preferences.",
     kSessionAdministrator},
    {"PosternSessionUser", "/", "arn:aws:iam::aws:policy/PosternSessionUser", "ANPASESSIONUSERAAAAAA",
     "Shells on all nodes, and one's own sessions.", kSessionUser},
    {"ReadOnlyAccess", "/", "arn:aws:iam::aws:policy/ReadOnlyAccess", "ANPAREADONLYACCESSAAA",
     "Looking at everything, changing nothing.", kReadOnly},
};

}  // namespace

const BuiltInPolicyVersion* BuiltInPolicy::find_version(std::int64_t number) const {
  const auto found = std::ranges::find(versions, number, &BuiltInPolicyVersion::number);
  return found == versions.end() ? nullptr : &*found;
}

std::span<const BuiltInPolicy> built_in_policies() {
  return kPolicies;
}

const BuiltInPolicy* find_built_in_policy(std::string_view arn) {
  const auto* found = std::ranges::find(kPolicies, arn, &BuiltInPolicy::arn);
  return found == std::end(kPolicies) ? nullptr : found;
}

}  // namespace postern::aws
