"""IAM's users, groups, roles, instance profiles, access keys and tags, through AWS's SDK and CLI."""

import itertools
import json
import re
import subprocess

import pytest
from identities import iam as admin_client
from identities import make_user, refused, statement
from support.postern_testbed import REGION, AwsError

numbers = itertools.count(1)

NODES = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ssm.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


@pytest.fixture(scope="module")
def iam(testbed):
    return admin_client(testbed)


@pytest.fixture
def name():
    return f"test{next(numbers)}"


@pytest.fixture(scope="module")
def account(iam):
    return iam.get_user()["User"]["Arn"].split(":")[4]


# -- users


def test_user_from_birth_to_death(iam, name, account):
    made = iam.create_user(UserName=name, Path="/division/team/", Tags=[{"Key": "team", "Value": "red"}])["User"]
    assert made["Arn"] == f"arn:aws:iam::{account}:user/division/team/{name}"
    assert re.fullmatch(r"AIDA[A-Z2-7]{17}", made["UserId"])
    assert made["Tags"] == [{"Key": "team", "Value": "red"}]
    found = iam.get_user(UserName=name)["User"]
    assert found == made

    iam.update_user(UserName=name, NewUserName=name + "-renamed", NewPath="/")
    renamed = iam.get_user(UserName=name + "-renamed")["User"]
    assert renamed["UserId"] == made["UserId"]
    assert renamed["Arn"] == f"arn:aws:iam::{account}:user/{name}-renamed"
    assert renamed["Tags"] == made["Tags"]
    refused(iam.get_user, "NoSuchEntity", f"The user with name {name} cannot be found", UserName=name)

    iam.delete_user(UserName=name + "-renamed")
    refused(iam.get_user, "NoSuchEntity", UserName=name + "-renamed")
    refused(iam.delete_user, "NoSuchEntity", UserName=name + "-renamed")


def test_who_makes_something_with_tags_must_be_allowed_to_tag_it(testbed, name):
    maker = make_user(testbed, f"{name}-maker", statement(action="iam:CreateUser")).client("iam")
    maker.create_user(UserName=f"{name}-1")
    refused(maker.create_user, "AccessDenied", "iam:TagUser", UserName=f"{name}-2", Tags=[{"Key": "Clearance", "Value": "high"}])
    allowed = make_user(testbed, f"{name}-tagger", statement(action=["iam:CreateUser", "iam:TagUser"])).client("iam")
    allowed.create_user(UserName=f"{name}-2", Tags=[{"Key": "Clearance", "Value": "high"}])


def test_user_names(iam, name):
    iam.create_user(UserName=name)
    refused(iam.create_user, "EntityAlreadyExists", f"User with name {name.upper()} already exists", UserName=name.upper())
    iam.create_user(UserName=name + "-other")
    refused(iam.update_user, "EntityAlreadyExists", UserName=name + "-other", NewUserName=name)
    # The case alone may change.
    iam.update_user(UserName=name, NewUserName=name.upper())
    assert iam.get_user(UserName=name.upper())["User"]["UserName"] == name.upper()
    refused(iam.create_user, "ValidationError", "'userName' failed to satisfy constraint", UserName="no spaces")
    refused(iam.create_user, "ValidationError", "'path' failed to satisfy constraint", UserName=name + "x", Path="no-slash")
    refused(iam.create_user, "ValidationError", "less than or equal to 64", UserName="x" * 65)


def test_user_without_a_name_is_the_caller(testbed, iam, name):
    assert iam.get_user()["User"]["UserName"] == "admin"
    user = make_user(testbed, name, {"Effect": "Allow", "Action": "iam:*", "Resource": "arn:aws:iam::*:user/${aws:username}"})
    own = user.client("iam")
    assert own.get_user()["User"]["UserId"] == user.id
    assert [key["AccessKeyId"] for key in own.list_access_keys()["AccessKeyMetadata"]] == [user.credentials.access_key_id]
    refused(own.get_user, "AccessDenied", "user/admin", UserName="admin")


def test_paths_restrict_lists(iam, name):
    for suffix, path in (("a", f"/{name}/"), ("b", f"/{name}/deep/"), ("c", "/")):
        iam.create_user(UserName=f"{name}-{suffix}", Path=path)
    listed = [user["UserName"] for user in iam.list_users(PathPrefix=f"/{name}/")["Users"]]
    assert listed == [f"{name}-a", f"{name}-b"]
    assert {f"{name}-a", f"{name}-b", f"{name}-c"} <= {user["UserName"] for user in iam.list_users()["Users"]}


def test_pages_of_users(iam, name):
    path = f"/{name}/"
    expected = [f"{name}-{number:02}" for number in range(7)]
    for each in reversed(expected):
        iam.create_user(UserName=each, Path=path)
    pages = list(iam.get_paginator("list_users").paginate(PathPrefix=path, PaginationConfig={"PageSize": 3}))
    assert [[user["UserName"] for user in page["Users"]] for page in pages] == [expected[:3], expected[3:6], expected[6:]]
    assert [page["IsTruncated"] for page in pages] == [True, True, False]

    first = iam.list_users(PathPrefix=path, MaxItems=3)
    # What the last page ended with may be gone by the time that the next is asked for.
    iam.delete_user(UserName=expected[2])
    after = iam.list_users(PathPrefix=path, MaxItems=3, Marker=first["Marker"])
    assert [user["UserName"] for user in after["Users"]] == expected[3:6]

    refused(iam.list_users, "ValidationError", "Invalid Marker", Marker="nonsense")
    refused(iam.list_groups, "ValidationError", "Invalid Marker", Marker=first["Marker"])
    refused(iam.list_users, "ValidationError", "maxItems", MaxItems=1001)


def test_user_in_use_stays(testbed, iam, name):
    iam.create_user(UserName=name)
    iam.create_group(GroupName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"]
    iam.add_user_to_group(GroupName=name, UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "ssm:ListDocuments", "Resource": "*"}]}))  # fmt: skip
    iam.attach_user_policy(UserName=name, PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")

    refused(iam.delete_user, "DeleteConflict", "detach all policies first", UserName=name)
    iam.detach_user_policy(UserName=name, PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    refused(iam.delete_user, "DeleteConflict", "delete policies first", UserName=name)
    iam.delete_user_policy(UserName=name, PolicyName="p")
    refused(iam.delete_user, "DeleteConflict", "delete access keys first", UserName=name)
    iam.delete_access_key(UserName=name, AccessKeyId=key)
    refused(iam.delete_user, "DeleteConflict", "remove users from group first", UserName=name)
    iam.remove_user_from_group(GroupName=name, UserName=name)
    iam.delete_user(UserName=name)


# -- access keys


def test_access_keys(testbed, iam, name):
    user = make_user(testbed, name)
    sts = user.client("sts")
    assert sts.get_caller_identity()["UserId"] == user.id
    second = iam.create_access_key(UserName=name)["AccessKey"]
    assert re.fullmatch(r"AKIA[A-Z2-7]{16}", second["AccessKeyId"])
    assert len(second["SecretAccessKey"]) == 40
    refused(iam.create_access_key, "LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2", UserName=name)

    first = user.credentials.access_key_id
    iam.update_access_key(UserName=name, AccessKeyId=first, Status="Inactive")
    refused(sts.get_caller_identity, "InvalidClientTokenId")
    assert {key["AccessKeyId"]: key["Status"] for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]} == {
        first: "Inactive",
        second["AccessKeyId"]: "Active",
    }
    iam.update_access_key(UserName=name, AccessKeyId=first, Status="Active")
    assert sts.get_caller_identity()["UserId"] == user.id
    refused(iam.update_access_key, "ValidationError", "enum value set", UserName=name, AccessKeyId=first, Status="active")
    refused(iam.update_access_key, "NoSuchEntity", UserName="admin", AccessKeyId=first, Status="Active")

    iam.delete_access_key(UserName=name, AccessKeyId=first)
    refused(sts.get_caller_identity, "InvalidClientTokenId")
    refused(iam.delete_access_key, "NoSuchEntity", first, UserName=name, AccessKeyId=first)


def test_access_key_last_used(testbed, iam, name):
    unused = iam.create_access_key(UserName=iam.create_user(UserName=name)["User"]["UserName"])["AccessKey"]
    used = iam.get_access_key_last_used(AccessKeyId=unused["AccessKeyId"])
    assert used["UserName"] == name
    assert used["AccessKeyLastUsed"]["ServiceName"] == "N/A"
    assert "LastUsedDate" not in used["AccessKeyLastUsed"]
    mine = iam.get_access_key_last_used(AccessKeyId=testbed.admin.access_key_id)["AccessKeyLastUsed"]
    assert mine["Region"] == REGION
    assert mine["ServiceName"] in ("iam", "ssm", "sts")
    refused(iam.get_access_key_last_used, "NoSuchEntity", AccessKeyId="AKIA" + "A" * 16)


# -- groups


def test_groups_and_their_members(iam, name, account):
    made = iam.create_group(GroupName=name, Path="/g/")["Group"]
    assert made["Arn"] == f"arn:aws:iam::{account}:group/g/{name}"
    assert made["GroupId"].startswith("AGPA")
    for suffix in "cab":
        iam.create_user(UserName=f"{name}-{suffix}")
        iam.add_user_to_group(GroupName=name, UserName=f"{name}-{suffix}")
    iam.add_user_to_group(GroupName=name, UserName=f"{name}-a")
    pages = list(iam.get_paginator("get_group").paginate(GroupName=name, PaginationConfig={"PageSize": 2}))
    assert [user["UserName"] for page in pages for user in page["Users"]] == [f"{name}-{suffix}" for suffix in "abc"]
    assert pages[1]["Group"] == made
    assert [group["GroupName"] for group in iam.list_groups_for_user(UserName=f"{name}-a")["Groups"]] == [name]

    refused(iam.delete_group, "DeleteConflict", "remove users from group first", GroupName=name)
    iam.update_group(GroupName=name, NewGroupName=name + "x", NewPath="/")
    assert iam.get_group(GroupName=name + "x")["Group"]["GroupId"] == made["GroupId"]
    for suffix in "abc":
        iam.remove_user_from_group(GroupName=name + "x", UserName=f"{name}-{suffix}")
    iam.delete_group(GroupName=name + "x")
    refused(iam.get_group, "NoSuchEntity", GroupName=name + "x")
    refused(iam.add_user_to_group, "NoSuchEntity", GroupName=name + "x", UserName=f"{name}-a")


@pytest.mark.parametrize("kind", ["user", "group"])
def test_a_new_name_must_be_allowed_like_the_old(testbed, iam, name, account, kind):
    arn = f"arn:aws:iam::{account}:{kind}/own/*"
    rename = f"iam:Update{kind.capitalize()}"
    caller = make_user(testbed, name, {"Effect": "Allow", "Action": rename, "Resource": arn}).client("iam")
    named, renamed = f"{kind.capitalize()}Name", f"New{kind.capitalize()}Name"
    getattr(iam, f"create_{kind}")(Path="/own/", **{named: f"{name}-a"})
    update = getattr(caller, f"update_{kind}")
    refused(update, "AccessDenied", f"{kind}/admins/{name}-a", **{named: f"{name}-a"}, NewPath="/admins/")
    # Without a new path it keeps its own.
    update(**{named: f"{name}-a", renamed: f"{name}-b"})
    getattr(iam, f"create_{kind}")(Path="/admins/", **{named: f"{name}-c"})
    refused(update, "AccessDenied", f"{kind}/admins/{name}-c", **{named: f"{name}-c"}, NewPath="/own/")


def test_user_in_too_many_groups(iam, name):
    iam.create_user(UserName=name)
    for number in range(11):
        iam.create_group(GroupName=f"{name}-{number}")
    for number in range(10):
        iam.add_user_to_group(GroupName=f"{name}-{number}", UserName=name)
    refused(iam.add_user_to_group, "LimitExceeded", "GroupsPerUser: 10", GroupName=f"{name}-10", UserName=name)


# -- roles and instance profiles


def test_role_from_birth_to_death(iam, name, account):
    made = iam.create_role(
        RoleName=name, Path="/service-role/", AssumeRolePolicyDocument=json.dumps(NODES), Description="nodes", MaxSessionDuration=7200,
        Tags=[{"Key": "a", "Value": "b"}],
    )["Role"]  # fmt: skip
    assert made["Arn"] == f"arn:aws:iam::{account}:role/service-role/{name}"
    assert made["RoleId"].startswith("AROA")
    assert made["AssumeRolePolicyDocument"] == NODES
    found = iam.get_role(RoleName=name)["Role"]
    assert (found["Description"], found["MaxSessionDuration"]) == ("nodes", 7200)
    assert found["Tags"] == [{"Key": "a", "Value": "b"}]
    assert found["RoleLastUsed"] == {}

    iam.update_role(RoleName=name, MaxSessionDuration=3600)
    assert iam.get_role(RoleName=name)["Role"]["Description"] == "nodes"
    assert iam.update_role_description(RoleName=name, Description="others")["Role"]["Description"] == "others"
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"}]}
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust))
    assert iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"] == trust
    assert name in [role["RoleName"] for role in iam.list_roles(PathPrefix="/service-role/")["Roles"]]
    iam.delete_role(RoleName=name)
    refused(iam.get_role, "NoSuchEntity", f"The role with name {name} cannot be found", RoleName=name)


def test_bad_trust(iam, name):
    no_principal = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole"}]}
    refused(iam.create_role, "MalformedPolicyDocument", "line 1", RoleName=name, AssumeRolePolicyDocument=json.dumps(no_principal))
    refused(iam.create_role, "MalformedPolicyDocument", RoleName=name, AssumeRolePolicyDocument="{")
    large = json.loads(json.dumps(NODES))
    large["Statement"][0]["Sid"] = "x" * 2048
    refused(iam.create_role, "LimitExceeded", "ACLSizePerRole: 2048", RoleName=name, AssumeRolePolicyDocument=json.dumps(large))
    refused(iam.create_role, "ValidationError", "maxSessionDuration", RoleName=name, AssumeRolePolicyDocument=json.dumps(NODES),
            MaxSessionDuration=43_201)  # fmt: skip


def test_instance_profiles(iam, name, account):
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(NODES))
    made = iam.create_instance_profile(InstanceProfileName=name, Path="/p/", Tags=[{"Key": "a", "Value": "b"}])["InstanceProfile"]
    assert made["Arn"] == f"arn:aws:iam::{account}:instance-profile/p/{name}"
    assert made["Roles"] == []
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
    found = iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]
    assert [role["RoleName"] for role in found["Roles"]] == [name]
    assert found["Tags"] == [{"Key": "a", "Value": "b"}]
    listed = iam.list_instance_profiles_for_role(RoleName=name)["InstanceProfiles"]
    assert [profile["InstanceProfileName"] for profile in listed] == [name]
    assert name in [profile["InstanceProfileName"] for profile in iam.list_instance_profiles(PathPrefix="/p/")["InstanceProfiles"]]

    refused(iam.add_role_to_instance_profile, "LimitExceeded", InstanceProfileName=name, RoleName=name)
    refused(iam.delete_role, "DeleteConflict", "instance profile", RoleName=name)
    refused(iam.delete_instance_profile, "DeleteConflict", InstanceProfileName=name)
    iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=name)
    refused(iam.remove_role_from_instance_profile, "NoSuchEntity", InstanceProfileName=name, RoleName=name)
    iam.delete_instance_profile(InstanceProfileName=name)
    iam.delete_role(RoleName=name)
    refused(iam.get_instance_profile, "NoSuchEntity", InstanceProfileName=name)


def test_role_of_nodes_is_there_from_the_start(iam):
    role = iam.get_role(RoleName="PosternNode")["Role"]
    assert role["Path"] == "/service-role/"
    assert role["AssumeRolePolicyDocument"] == NODES
    attached = iam.list_attached_role_policies(RoleName="PosternNode")["AttachedPolicies"]
    assert [policy["PolicyName"] for policy in attached] == ["AmazonSSMManagedInstanceCore"]


# -- tags


def test_tags(iam, name):
    arn = iam.create_policy(PolicyName=name, PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "ssm:ListDocuments", "Resource": "*"}]}))["Policy"]["Arn"]  # fmt: skip
    iam.create_user(UserName=name)
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(NODES))
    iam.create_instance_profile(InstanceProfileName=name)
    for kind, which in (
        ("user", {"UserName": name}),
        ("role", {"RoleName": name}),
        ("instance_profile", {"InstanceProfileName": name}),
        ("policy", {"PolicyArn": arn}),
    ):
        tag, untag, listing = getattr(iam, f"tag_{kind}"), getattr(iam, f"untag_{kind}"), getattr(iam, f"list_{kind}_tags")
        tag(**which, Tags=[{"Key": key, "Value": value} for key, value in (("b", "1"), ("a", "2"), ("c", ""))])
        tag(**which, Tags=[{"Key": "b", "Value": "3"}])
        untag(**which, TagKeys=["c", "no-such"])
        assert listing(**which)["Tags"] == [{"Key": "a", "Value": "2"}, {"Key": "b", "Value": "3"}]
        page = listing(**which, MaxItems=1)
        assert page["IsTruncated"] and page["Tags"][0]["Key"] == "a"
        assert listing(**which, Marker=page["Marker"])["Tags"] == [{"Key": "b", "Value": "3"}]
        # The key is the same in another case, which replaces it.
        tag(**which, Tags=[{"Key": "B", "Value": "4"}])
        assert listing(**which)["Tags"] == [{"Key": "B", "Value": "4"}, {"Key": "a", "Value": "2"}]
        refused(tag, "LimitExceeded", "50", **which, Tags=[{"Key": f"k{number}", "Value": ""} for number in range(49)])
        refused(tag, "InvalidInput", "Duplicate tag keys", **which, Tags=[{"Key": "k", "Value": ""}, {"Key": "K", "Value": ""}])
        refused(tag, "InvalidInput", "aws:", **which, Tags=[{"Key": "AWS:k", "Value": ""}])
        refused(tag, "ValidationError", "tags.key", **which, Tags=[{"Key": "semi;colon", "Value": ""}])


# -- clients


# In a process of its own: the CLI's botocore, which the other tests use, and boto3's don't get on in one.
BOTO3 = """
import sys, boto3
name, endpoint, ca = sys.argv[1:]
iam = boto3.session.Session().resource("iam", endpoint_url=endpoint, verify=ca)
user, group = iam.create_user(UserName=name), iam.create_group(GroupName=name)
user.add_group(GroupName=name)
group.attach_policy(PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
assert [member.name for member in group.users.all()] == [name]
assert [policy.policy_name for policy in group.attached_policies.all()] == ["ReadOnlyAccess"]
assert name in [each.name for each in iam.users.all()]
try:
    iam.create_user(UserName=name)
except iam.meta.client.exceptions.EntityAlreadyExistsException:
    print("as expected")
"""


def test_boto3(testbed, name):
    command = ["/usr/bin/python3", "-c", BOTO3, name, testbed.endpoint, str(testbed.ca_bundle)]
    done = subprocess.run(command, env=testbed.client_environment(), capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "as expected\n"), done.stderr


def test_cli(testbed, name, aws_cli):
    made = testbed.aws("iam", "create-user", "--user-name", name, "--tags", "Key=team,Value=red", aws=aws_cli)["User"]
    assert testbed.aws("iam", "get-user", "--user-name", name, aws=aws_cli)["User"]["UserId"] == made["UserId"]
    testbed.aws("iam", "create-group", "--group-name", name, aws=aws_cli)
    testbed.aws("iam", "add-user-to-group", "--group-name", name, "--user-name", name, aws=aws_cli)
    role = testbed.aws("iam", "create-role", "--role-name", name, "--assume-role-policy-document", json.dumps(NODES), aws=aws_cli)["Role"]
    assert role["AssumeRolePolicyDocument"] == NODES
    with pytest.raises(AwsError) as raised:
        testbed.aws("iam", "create-user", "--user-name", name, aws=aws_cli)
    assert raised.value.code == "EntityAlreadyExists"
