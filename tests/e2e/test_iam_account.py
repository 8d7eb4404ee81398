"""IAM's account: summary, all details at once, alias, what was used last, and the administrator that must remain."""

import itertools
import json
import time

import pytest
from identities import iam as admin_client
from identities import ADMINISTRATOR, LIST, TRUST, make_user, policy, refused, statement
from support.wait import wait_until

numbers = itertools.count(1)


@pytest.fixture(scope="module")
def iam(testbed):
    return admin_client(testbed)


@pytest.fixture
def name():
    return f"account{next(numbers)}"


# -- the administrator that must remain


def test_last_administrator_stays(testbed, iam, name):
    """First in this file, while the first administrator is the only one."""
    key = testbed.admin.access_key_id
    left = "would leave no administrator"
    refused(iam.detach_user_policy, "DeleteConflict", left, UserName="admin", PolicyArn=ADMINISTRATOR)
    refused(iam.update_access_key, "DeleteConflict", left, AccessKeyId=key, Status="Inactive")
    refused(iam.delete_access_key, "DeleteConflict", left, AccessKeyId=key)
    arn = iam.create_policy(PolicyName=name, PolicyDocument=LIST)["Policy"]["Arn"]
    refused(iam.put_user_permissions_boundary, "DeleteConflict", left, UserName="admin", PermissionsBoundary=arn)
    everything = policy(statement(effect="Deny"))
    refused(iam.put_user_policy, "DeleteConflict", left, UserName="admin", PolicyName="p", PolicyDocument=everything)
    # Nothing of it has happened.
    assert iam.list_user_policies(UserName="admin")["PolicyNames"] == []
    assert "PermissionsBoundary" not in iam.get_user()["User"]

    # Another one by a policy of his own, through a group.
    other = make_user(testbed, name).client("iam")
    iam.create_group(GroupName=name)
    own = iam.create_policy(PolicyName=name + "-all", PolicyDocument=policy(statement()))["Policy"]["Arn"]
    iam.attach_group_policy(GroupName=name, PolicyArn=own)
    iam.add_user_to_group(GroupName=name, UserName=name)
    iam.detach_user_policy(UserName="admin", PolicyArn=ADMINISTRATOR)
    refused(iam.get_user, "AccessDenied")

    refused(other.remove_user_from_group, "DeleteConflict", left, GroupName=name, UserName=name)
    refused(other.create_policy_version, "DeleteConflict", left, PolicyArn=own, PolicyDocument=LIST, SetAsDefault=True)
    other.attach_user_policy(UserName="admin", PolicyArn=ADMINISTRATOR)
    other.remove_user_from_group(GroupName=name, UserName=name)
    assert iam.get_user()["User"]["UserName"] == "admin"


# -- summaries


def test_summary(iam, name):
    before = iam.get_account_summary()["SummaryMap"]
    iam.create_user(UserName=name)
    iam.create_group(GroupName=name)
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)
    iam.create_policy(PolicyName=name, PolicyDocument=LIST)
    after = iam.get_account_summary()["SummaryMap"]
    assert {key: after[key] - before[key] for key in ("Users", "Groups", "Roles", "Policies")} == {
        "Users": 1, "Groups": 1, "Roles": 1, "Policies": 1,
    }  # fmt: skip
    assert (after["AccessKeysPerUserQuota"], after["VersionsPerPolicyQuota"]) == (2, 5)


def test_alias(iam):
    assert iam.list_account_aliases()["AccountAliases"] == []
    iam.create_account_alias(AccountAlias="our-lab")
    assert iam.list_account_aliases()["AccountAliases"] == ["our-lab"]
    refused(iam.delete_account_alias, "NoSuchEntity", AccountAlias="another")
    iam.delete_account_alias(AccountAlias="our-lab")
    assert iam.list_account_aliases()["AccountAliases"] == []
    refused(iam.create_account_alias, "ValidationError", "accountAlias", AccountAlias="Capitals")


def test_authorization_details(iam, name):
    arn = iam.create_policy(PolicyName=name, PolicyDocument=LIST)["Policy"]["Arn"]
    iam.create_user(UserName=name, PermissionsBoundary=arn, Tags=[{"Key": "a", "Value": "b"}])
    iam.create_group(GroupName=name)
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)
    iam.create_instance_profile(InstanceProfileName=name)
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
    iam.add_user_to_group(GroupName=name, UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=LIST)
    iam.attach_group_policy(GroupName=name, PolicyArn=arn)
    iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=LIST)

    pages = list(iam.get_paginator("get_account_authorization_details").paginate(PaginationConfig={"PageSize": 5}))
    assert len(pages) > 2
    details = {key: [each for page in pages for each in page[key]] for key in
               ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")}  # fmt: skip
    user = next(each for each in details["UserDetailList"] if each["UserName"] == name)
    assert user["UserPolicyList"] == [{"PolicyName": "p", "PolicyDocument": json.loads(LIST)}]
    assert (user["GroupList"], user["Tags"]) == ([name], [{"Key": "a", "Value": "b"}])
    assert user["PermissionsBoundary"]["PermissionsBoundaryArn"] == arn
    group = next(each for each in details["GroupDetailList"] if each["GroupName"] == name)
    assert group["AttachedManagedPolicies"] == [{"PolicyName": name, "PolicyArn": arn}]
    role = next(each for each in details["RoleDetailList"] if each["RoleName"] == name)
    assert role["AssumeRolePolicyDocument"] == json.loads(TRUST)
    assert [each["InstanceProfileName"] for each in role["InstanceProfileList"]] == [name]
    own = next(each for each in details["Policies"] if each["Arn"] == arn)
    assert (own["AttachmentCount"], own["PermissionsBoundaryUsageCount"]) == (2, 1)
    assert [each["VersionId"] for each in own["PolicyVersionList"]] == ["v1", "v2"]

    only = iam.get_account_authorization_details(Filter=["Role"])
    assert only["RoleDetailList"] and not only["UserDetailList"] and not only["Policies"]
    refused(iam.get_account_authorization_details, "ValidationError", "enum value set", Filter=["Everything"])


# -- what was used last


def report(iam, arn, granularity="ACTION_LEVEL"):
    job = iam.generate_service_last_accessed_details(Arn=arn, Granularity=granularity)["JobId"]
    found = iam.get_service_last_accessed_details(JobId=job)
    assert (found["JobStatus"], found["JobType"]) == ("COMPLETED", granularity)
    return {each["ServiceNamespace"]: each for each in found["ServicesLastAccessed"]}


def test_service_last_accessed(testbed, iam, name):
    user = make_user(testbed, name, statement(action=["ssm:ListDocuments", "iam:GetUser"]))
    iam.create_group(GroupName=name)
    iam.add_user_to_group(GroupName=name, UserName=name)
    iam.put_group_policy(GroupName=name, PolicyName="p", PolicyDocument=LIST)
    before = report(iam, user.arn)
    assert set(before) == {"iam", "ssm"}
    assert "LastAuthenticated" not in before["ssm"]

    user.client().list_documents()
    refused(user.client().describe_sessions, "AccessDeniedException", State="Active")
    # Written together every few seconds: other calls push it out.
    used = wait_until(lambda: report(iam, user.arn)["ssm"].get("LastAuthenticated") and report(iam, user.arn)["ssm"], 20, "use noted", 0.2)
    assert used["LastAuthenticatedEntity"] == user.arn
    assert abs(used["LastAuthenticated"].timestamp() - time.time()) < 60
    assert [action["ActionName"] for action in used["TrackedActionsLastAccessed"]] == ["ListDocuments"]
    assert used["TotalAuthenticatedEntities"] == 1

    group = report(iam, iam.get_group(GroupName=name)["Group"]["Arn"], "SERVICE_LEVEL")
    assert set(group) == {"ssm"}
    assert group["ssm"]["LastAuthenticatedEntity"] == user.arn
    assert "TrackedActionsLastAccessed" not in group["ssm"]
    refused(iam.generate_service_last_accessed_details, "NoSuchEntity", Arn=user.arn + "-none-such")
    refused(iam.get_service_last_accessed_details, "NoSuchEntity", JobId="0" * 36)
