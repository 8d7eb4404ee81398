"""IAM's policies: managed ones and their versions, inline ones, attachments, permissions boundaries."""

import itertools
import json

import pytest
from identities import iam as admin_client
from identities import ADMINISTRATOR, LIST, TRUST, make_user, policy, refused, statement
from support.postern_testbed import AwsError

numbers = itertools.count(1)


@pytest.fixture(scope="module")
def iam(testbed):
    return admin_client(testbed)


@pytest.fixture
def name():
    return f"policy{next(numbers)}"


@pytest.fixture
def holders(iam, name):
    """A user, a group and a role, each as the part of operations' names and the argument that names it."""
    iam.create_user(UserName=name)
    iam.create_group(GroupName=name)
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)
    return (("user", {"UserName": name}), ("group", {"GroupName": name}), ("role", {"RoleName": name}))


# -- managed policies


def test_policy_from_birth_to_death(iam, name):
    made = iam.create_policy(PolicyName=name, Path="/p/", PolicyDocument=LIST, Description="lists", Tags=[{"Key": "a", "Value": "b"}])["Policy"]
    assert made["Arn"].endswith(f":policy/p/{name}")
    assert made["PolicyId"].startswith("ANPA")
    assert (made["DefaultVersionId"], made["AttachmentCount"]) == ("v1", 0)
    found = iam.get_policy(PolicyArn=made["Arn"])["Policy"]
    assert found["Description"] == "lists"
    assert found["Tags"] == [{"Key": "a", "Value": "b"}]
    document = iam.get_policy_version(PolicyArn=made["Arn"], VersionId="v1")["PolicyVersion"]
    assert document["Document"] == json.loads(LIST)
    assert document["IsDefaultVersion"] is True
    iam.delete_policy(PolicyArn=made["Arn"])
    refused(iam.get_policy, "NoSuchEntity", "was not found", PolicyArn=made["Arn"])


def test_versions(iam, name):
    arn = iam.create_policy(PolicyName=name, PolicyDocument=LIST)["Policy"]["Arn"]
    for number in range(2, 6):
        made = iam.create_policy_version(PolicyArn=arn, PolicyDocument=LIST, SetAsDefault=number == 3)["PolicyVersion"]
        assert (made["VersionId"], made["IsDefaultVersion"]) == (f"v{number}", number == 3)
    refused(iam.create_policy_version, "LimitExceeded", "up to 5 versions", PolicyArn=arn, PolicyDocument=LIST)
    assert iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v3"
    pages = list(iam.get_paginator("list_policy_versions").paginate(PolicyArn=arn, PaginationConfig={"PageSize": 2}))
    assert [[version["VersionId"] for version in page["Versions"]] for page in pages] == [["v5", "v4"], ["v3", "v2"], ["v1"]]

    refused(iam.delete_policy_version, "DeleteConflict", "default version", PolicyArn=arn, VersionId="v3")
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v5")
    iam.delete_policy_version(PolicyArn=arn, VersionId="v3")
    refused(iam.get_policy_version, "NoSuchEntity", "version v3", PolicyArn=arn, VersionId="v3")
    refused(iam.set_default_policy_version, "NoSuchEntity", PolicyArn=arn, VersionId="v3")
    # A number is never given twice.
    assert iam.create_policy_version(PolicyArn=arn, PolicyDocument=LIST)["PolicyVersion"]["VersionId"] == "v6"
    refused(iam.delete_policy, "DeleteConflict", "more than one version", PolicyArn=arn)
    refused(iam.get_policy_version, "ValidationError", "versionId", PolicyArn=arn, VersionId="3")


def test_malformed_policies(iam, name):
    def create(document):
        return {"PolicyName": name, "PolicyDocument": document}

    refused(iam.create_policy, "MalformedPolicyDocument", "line 3, column", **create('{"Version": "2012-10-17",\n "Statement": [\n  {"Effect": "allow"}]}'))
    refused(iam.create_policy, "MalformedPolicyDocument", "line 1", **create("not json"))
    refused(iam.create_policy, "MalformedPolicyDocument", **create(TRUST))
    refused(iam.create_policy, "MalformedPolicyDocument", **create("[" * 2000))
    refused(iam.create_policy, "LimitExceeded", "PolicySize: 6144", **create(policy(statement(resource="x" * 6200))))
    refused(iam.create_policy, "ValidationError", "policyDocument", **create("x" * 131_073))
    # Blanks don't count.
    iam.create_policy(**create(LIST + " " * 10_000))
    refused(iam.create_policy, "EntityAlreadyExists", **{**create(LIST), "PolicyName": name.upper()})


def test_built_in_policies_stay_as_they_are(iam):
    found = iam.get_policy(PolicyArn=ADMINISTRATOR)["Policy"]
    assert (found["PolicyName"], found["Path"]) == ("AdministratorAccess", "/")
    assert found["AttachmentCount"] >= 1
    document = iam.get_policy_version(PolicyArn=ADMINISTRATOR, VersionId="v1")["PolicyVersion"]["Document"]
    assert document["Statement"] == [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
    for call, arguments in (
        (iam.delete_policy, {}),
        (iam.create_policy_version, {"PolicyDocument": LIST}),
        (iam.set_default_policy_version, {"VersionId": "v1"}),
        (iam.tag_policy, {"Tags": [{"Key": "a", "Value": "b"}]}),
    ):
        refused(call, "AccessDenied", "built in", PolicyArn=ADMINISTRATOR, **arguments)


def test_lists_of_policies(iam, name):
    own = iam.create_policy(PolicyName=name, Path=f"/{name}/", PolicyDocument=LIST)["Policy"]["Arn"]

    def listed(**arguments):
        pages = iam.get_paginator("list_policies").paginate(PaginationConfig={"PageSize": 4}, **arguments)
        return [each["Arn"] for page in pages for each in page["Policies"]]

    built_in = listed(Scope="AWS")
    assert {"AdministratorAccess", "AmazonSSMManagedInstanceCore", "ReadOnlyAccess"} <= {arn.split("/")[-1] for arn in built_in}
    assert own in listed(Scope="Local") and not set(built_in) & set(listed(Scope="Local"))
    assert set(listed()) == set(built_in) | set(listed(Scope="Local"))
    assert len(listed()) == len(set(listed()))
    assert listed(PathPrefix=f"/{name}/") == [own]
    assert own not in listed(OnlyAttached=True)
    assert ADMINISTRATOR in listed(OnlyAttached=True, PolicyUsageFilter="PermissionsPolicy")
    refused(iam.list_policies, "ValidationError", "enum value set", Scope="Mine")


def test_entities_of_a_policy(iam, name, holders):
    arn = iam.create_policy(PolicyName=name, PolicyDocument=LIST)["Policy"]["Arn"]
    for kind, which in holders:
        getattr(iam, f"attach_{kind}_policy")(**which, PolicyArn=arn)
    iam.put_user_permissions_boundary(UserName=name, PermissionsBoundary=arn)
    pages = list(iam.get_paginator("list_entities_for_policy").paginate(PolicyArn=arn, PaginationConfig={"PageSize": 1}))
    assert len(pages) == 3
    found = iam.list_entities_for_policy(PolicyArn=arn)
    assert [each["UserName"] for each in found["PolicyUsers"]] == [name]
    assert [each["GroupName"] for each in found["PolicyGroups"]] == [name]
    assert [each["RoleName"] for each in found["PolicyRoles"]] == [name]
    only = iam.list_entities_for_policy(PolicyArn=arn, EntityFilter="Role")
    assert (only["PolicyUsers"], len(only["PolicyRoles"])) == ([], 1)
    bounded = iam.list_entities_for_policy(PolicyArn=arn, PolicyUsageFilter="PermissionsBoundary")
    assert (len(bounded["PolicyUsers"]), bounded["PolicyGroups"]) == (1, [])
    refused(iam.delete_policy, "DeleteConflict", "attached", PolicyArn=arn)


# -- inline policies and attachments


def test_inline_policies(iam, name, holders):
    for kind, which in holders:
        put, get, delete = (getattr(iam, f"{verb}_{kind}_policy") for verb in ("put", "get", "delete"))
        put(**which, PolicyName="b", PolicyDocument=LIST)
        put(**which, PolicyName="a", PolicyDocument=LIST)
        changed = policy(statement(action="ssm:DescribeSessions", resource="*"))
        put(**which, PolicyName="b", PolicyDocument=changed)
        found = get(**which, PolicyName="b")
        assert (found["PolicyName"], found["PolicyDocument"]) == ("b", json.loads(changed))
        assert which.items() <= found.items()
        pages = iam.get_paginator(f"list_{kind}_policies").paginate(**which, PaginationConfig={"PageSize": 1})
        assert [page["PolicyNames"] for page in pages] == [["a"], ["b"]]
        delete(**which, PolicyName="a")
        refused(get, "NoSuchEntity", f"The {kind} policy with name a cannot be found", **which, PolicyName="a")
        refused(delete, "NoSuchEntity", **which, PolicyName="a")
        refused(put, "MalformedPolicyDocument", "line 1", **which, PolicyName="c", PolicyDocument="{}")
        refused(getattr(iam, f"delete_{kind}"), "DeleteConflict", "delete policies first", **which)
    # All of a user's together: 2048 characters.
    long = policy(statement(resource="arn:aws:ssm:*:*:document/" + "x" * 1900))
    refused(iam.put_user_policy, "LimitExceeded", "2048", UserName=name, PolicyName="c", PolicyDocument=long)
    iam.put_group_policy(GroupName=name, PolicyName="c", PolicyDocument=long)


def test_attachments(iam, name, holders):
    own = [iam.create_policy(PolicyName=f"{name}-{number}", PolicyDocument=LIST)["Policy"]["Arn"] for number in range(3)]
    for kind, which in holders:
        attach, detach = getattr(iam, f"attach_{kind}_policy"), getattr(iam, f"detach_{kind}_policy")
        for arn in (*own, ADMINISTRATOR):
            attach(**which, PolicyArn=arn)
        attach(**which, PolicyArn=own[0])
        detach(**which, PolicyArn=own[1])
        pages = list(iam.get_paginator(f"list_attached_{kind}_policies").paginate(**which, PaginationConfig={"PageSize": 2}))
        attached = [each["PolicyArn"] for page in pages for each in page["AttachedPolicies"]]
        assert sorted(attached) == sorted([own[0], own[2], ADMINISTRATOR])
        refused(detach, "NoSuchEntity", own[1], **which, PolicyArn=own[1])
        refused(attach, "NoSuchEntity", "does not exist or is not attachable", **which, PolicyArn=own[0] + "-none")
        refused(attach, "ValidationError", "policyArn", **which, PolicyArn="arn:aws:s3:::a-bucket-of-mine")
    assert iam.get_policy(PolicyArn=own[0])["Policy"]["AttachmentCount"] == 3


def test_permissions_boundaries(testbed, iam, name, holders):
    arn = iam.create_policy(PolicyName=name, PolicyDocument=LIST)["Policy"]["Arn"]
    for kind, which in holders:
        if kind == "group":
            continue
        getattr(iam, f"put_{kind}_permissions_boundary")(**which, PermissionsBoundary=arn)
        found = getattr(iam, f"get_{kind}")(**which)[kind.capitalize()]
        assert found["PermissionsBoundary"]["PermissionsBoundaryArn"] == arn
    assert iam.get_policy(PolicyArn=arn)["Policy"]["PermissionsBoundaryUsageCount"] == 2
    refused(iam.delete_policy, "DeleteConflict", "permissions boundary", PolicyArn=arn)
    for kind, which in holders:
        if kind != "group":
            getattr(iam, f"delete_{kind}_permissions_boundary")(**which)
    assert "PermissionsBoundary" not in iam.get_user(UserName=name)["User"]
    iam.delete_policy(PolicyArn=arn)
    refused(iam.put_user_permissions_boundary, "NoSuchEntity", UserName=name, PermissionsBoundary=arn)
    refused(iam.create_user, "NoSuchEntity", UserName=name + "-bounded", PermissionsBoundary=arn)


def test_boundary_limits_at_once(testbed, iam, name):
    user = make_user(testbed, name, statement(action=["ssm:ListDocuments", "ssm:DescribeSessions"]))
    arn = iam.create_policy(PolicyName=name, PolicyDocument=LIST)["Policy"]["Arn"]
    ssm = user.client()
    ssm.describe_sessions(State="Active")
    iam.put_user_permissions_boundary(UserName=name, PermissionsBoundary=arn)
    refused(ssm.describe_sessions, "AccessDeniedException", "permissions boundary", State="Active")
    ssm.list_documents()
    iam.delete_user_permissions_boundary(UserName=name)
    ssm.describe_sessions(State="Active")


def test_default_version_counts_at_once(testbed, iam, name):
    user = make_user(testbed, name)
    arn = iam.create_policy(PolicyName=name, PolicyDocument=policy(statement(action="ssm:DescribeSessions")))["Policy"]["Arn"]
    iam.attach_user_policy(UserName=name, PolicyArn=arn)
    user.client().describe_sessions(State="Active")
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=LIST)
    user.client().describe_sessions(State="Active")
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v2")
    refused(user.client().describe_sessions, "AccessDeniedException", State="Active")


def test_cli(testbed, name, aws_cli):
    made = testbed.aws("iam", "create-policy", "--policy-name", name, "--policy-document", LIST, aws=aws_cli)["Policy"]
    testbed.aws("iam", "create-group", "--group-name", name, aws=aws_cli)
    testbed.aws("iam", "attach-group-policy", "--group-name", name, "--policy-arn", made["Arn"], aws=aws_cli)
    testbed.aws("iam", "put-group-policy", "--group-name", name, "--policy-name", "p", "--policy-document", LIST, aws=aws_cli)
    found = testbed.aws("iam", "get-group-policy", "--group-name", name, "--policy-name", "p", aws=aws_cli)
    assert found["PolicyDocument"] == json.loads(LIST)
    listed = testbed.aws("iam", "list-policies", "--scope", "Local", "--only-attached", aws=aws_cli)["Policies"]
    assert name in [each["PolicyName"] for each in listed]
    with pytest.raises(AwsError) as raised:
        testbed.aws("iam", "create-policy", "--policy-name", name + "x", "--policy-document", "{}", aws=aws_cli)
    assert raised.value.code == "MalformedPolicyDocument"
