"""Every operation that the AWS CLI has a command for, through that command. What one changes, another one reads.

ELSEWHERE says which commands tests of other files run; the last test misses an operation that neither has.
"""

import functools
import itertools
import json
import sys
from pathlib import Path

import pytest
from awscli.botocore import xform_name
from identities import ADMINISTRATOR, LIST, TRUST, make_user, policy, statement
from support.aws_cli import AwsCli
from support.postern_testbed import AwsError, Credentials
from support.wait import wait_until
from test_every_operation import outcomes

# Commands that tests of other files run, mostly for what else those need: a node, a device, a provider. By file and service.
ELSEWHERE = {
    ("test_api.py", "ssm"): (
        "add-tags-to-resource",
        "create-activation",
        "delete-activation",
        "deregister-managed-instance",
        "describe-activations",
        "describe-instance-information",
        "get-connection-status",
        "list-tags-for-resource",
        "remove-tags-from-resource",
    ),
    ("test_documents.py", "ssm"): (
        "create-document",
        "delete-document",
        "describe-document",
        "get-document",
        "list-document-versions",
        "update-document",
        "update-document-default-version",
    ),
    ("test_sessions.py", "ssm"): ("resume-session", "terminate-session"),
    ("test_policies.py", "ssm"): ("describe-sessions", "start-session"),
    ("test_mfa.py", "iam"): ("enable-mfa-device", "list-mfa-devices", "list-virtual-mfa-devices", "resync-mfa-device", "deactivate-mfa-device"),
    ("test_mfa.py", "sts"): ("get-session-token",),
    ("test_sts.py", "sts"): ("assume-role",),
    ("test_oidc.py", "sts"): ("assume-role-with-web-identity",),
}

numbers = itertools.count(1)


@pytest.fixture(scope="module")
def cli(testbed):
    return AwsCli(testbed)


@pytest.fixture(scope="module")
def iam(cli):
    return functools.partial(cli, "iam")


@pytest.fixture(scope="module")
def organizations(cli):
    return functools.partial(cli, "organizations")


@pytest.fixture
def name():
    return f"cli{next(numbers)}"


def refused(code, call, *arguments, text="", **options):
    with pytest.raises(AwsError) as raised:
        call(*arguments, **options)
    assert raised.value.code == code, raised.value
    assert text in raised.value.text, raised.value


def values(listed, key):
    return [each[key] for each in listed]


def create(iam, kind, name):
    """Creates a user, group, role or instance profile; returns how commands name it."""
    trust = ("--assume-role-policy-document", TRUST) if kind == "role" else ()
    this = (f"--{kind}-name", name)
    iam(f"create-{kind}", *this, *trust)
    return this


def create_policy(iam, name, *arguments):
    return iam("create-policy", "--policy-name", name, "--policy-document", LIST, *arguments)["Policy"]["Arn"]


def parts(call, key, *arguments, size=2):
    """What a command lists, `size` of it at a time as a person pages: each part starts with the token that the one before gave."""
    found, start = [], ()
    while True:
        answer = call(*arguments, "--max-items", size, *start)
        found.append(answer[key])
        if "NextToken" not in answer:
            return found
        start = ("--starting-token", answer["NextToken"])


# -- users, groups, roles


def test_users(iam, name):
    this, renamed = ("--user-name", name), ("--user-name", f"{name}-renamed")
    made = iam("create-user", *this, "--path", "/people/", "--tags", "Key=team,Value=red")["User"]
    assert made["Arn"].endswith(f":user/people/{name}")
    assert iam("get-user", *this)["User"] == made
    refused("EntityAlreadyExists", iam, "create-user", *this)
    iam("update-user", *this, "--new-user-name", f"{name}-renamed", "--new-path", "/")
    refused("NoSuchEntity", iam, "get-user", *this)
    assert iam("get-user", *renamed)["User"]["UserId"] == made["UserId"]
    iam("delete-user", *renamed)
    refused("NoSuchEntity", iam, "delete-user", *renamed, text=f"The user with name {name}-renamed cannot be found")


def test_pages(cli, iam, name):
    path = ("--path-prefix", f"/{name}/")
    expected = [f"{name}-{number}" for number in range(5)]
    for each in expected:
        iam("create-user", "--user-name", each, "--path", f"/{name}/")
    before = cli.answered["iam", "ListUsers"]
    assert values(iam("list-users", *path, "--page-size", "2")["Users"], "UserName") == expected
    assert cli.answered["iam", "ListUsers"] - before == 3, "asked for in three pages"
    # Where a part ends and where a page of the service ends need not be the same.
    for page_size in ((), ("--page-size", "2"), ("--page-size", "3")):
        found = parts(iam, "Users", "list-users", *path, *page_size)
        assert [values(part, "UserName") for part in found] == [expected[:2], expected[2:4], expected[4:]]
    assert iam("list-users", *path, "--no-paginate", "--max-items", "2")["IsTruncated"] is True
    refused("ValidationError", iam, "list-users", "--no-paginate", "--marker", "nonsense", text="Invalid Marker")


def test_access_keys(testbed, cli, iam, name):
    user = create(iam, "user", name)
    key = iam("create-access-key", *user)["AccessKey"]
    this = (*user, "--access-key-id", key["AccessKeyId"])
    testbed.write_profile(name, Credentials(key["AccessKeyId"], key["SecretAccessKey"]))
    caller = functools.partial(cli, "sts", "get-caller-identity", profile=name)
    assert caller()["Arn"].endswith(f":user/{name}")
    assert iam("get-access-key-last-used", "--access-key-id", key["AccessKeyId"])["UserName"] == name
    assert len(cli("sts", "get-access-key-info", "--access-key-id", key["AccessKeyId"])["Account"]) == 12
    refused("NoSuchEntity", iam, "get-access-key-last-used", "--access-key-id", "AKIA" + "A" * 16)

    iam("update-access-key", *this, "--status", "Inactive")
    refused("InvalidClientTokenId", caller)
    assert values(iam("list-access-keys", *user)["AccessKeyMetadata"], "Status") == ["Inactive"]
    refused("DeleteConflict", iam, "delete-user", *user, text="delete access keys first")
    iam("create-access-key", *user)
    assert [values(part, "UserName") for part in parts(iam, "AccessKeyMetadata", "list-access-keys", *user, size=1)] == [[name], [name]]
    refused("LimitExceeded", iam, "create-access-key", *user)
    iam("delete-access-key", *this)
    refused("NoSuchEntity", iam, "delete-access-key", *this)
    assert key["AccessKeyId"] not in values(iam("list-access-keys", *user)["AccessKeyMetadata"], "AccessKeyId")


def test_groups(iam, name):
    this, renamed = ("--group-name", name), ("--group-name", f"{name}-renamed")
    members = [f"{name}-{suffix}" for suffix in "abc"]
    iam("create-group", *this, "--path", f"/{name}/")
    for member in members:
        create(iam, "user", member)
        iam("add-user-to-group", *this, "--user-name", member)
    assert values(iam("get-group", *this, "--page-size", "2")["Users"], "UserName") == members
    assert [values(part, "UserName") for part in parts(iam, "Users", "get-group", *this)] == [members[:2], members[2:]]
    assert values(iam("list-groups-for-user", "--user-name", members[0])["Groups"], "GroupName") == [name]
    refused("NoSuchEntity", iam, "add-user-to-group", *this, "--user-name", f"{name}-nobody")

    refused("DeleteConflict", iam, "delete-group", *this, text="remove users from group first")
    for member in members:
        iam("remove-user-from-group", *this, "--user-name", member)
    assert iam("get-group", *this)["Users"] == []
    iam("update-group", *this, "--new-group-name", f"{name}-renamed", "--new-path", f"/{name}/new/")
    assert values(iam("list-groups", "--path-prefix", f"/{name}/")["Groups"], "GroupName") == [f"{name}-renamed"]
    refused("EntityAlreadyExists", iam, "create-group", *renamed)
    iam("delete-group", *renamed)
    refused("NoSuchEntity", iam, "get-group", *renamed)


def test_roles(iam, name):
    this = ("--role-name", name)
    trust = ("--assume-role-policy-document", TRUST)
    made = iam("create-role", *this, *trust, "--path", f"/{name}/", "--max-session-duration", "7200")["Role"]
    refused("EntityAlreadyExists", iam, "create-role", *this, *trust)
    assert values(iam("list-roles", "--path-prefix", f"/{name}/")["Roles"], "Arn") == [made["Arn"]]
    iam("update-role", *this, "--description", "of nodes", "--max-session-duration", "3600")
    found = iam("get-role", *this)["Role"]
    assert (found["Description"], found["MaxSessionDuration"]) == ("of nodes", 3600)
    assert iam("update-role-description", *this, "--description", "of others")["Role"]["Description"] == "of others"
    assert iam("get-role", *this)["Role"]["Description"] == "of others"
    other = json.loads(TRUST.replace("ssm.amazonaws.com", "ec2.amazonaws.com"))
    iam("update-assume-role-policy", *this, "--policy-document", json.dumps(other))
    assert iam("get-role", *this)["Role"]["AssumeRolePolicyDocument"] == other
    refused("MalformedPolicyDocument", iam, "update-assume-role-policy", *this, "--policy-document", LIST)
    iam("delete-role", *this)
    refused("NoSuchEntity", iam, "get-role", *this)


def test_instance_profiles(iam, name):
    role, this = create(iam, "role", name), ("--instance-profile-name", name)
    made = iam("create-instance-profile", *this, "--path", f"/{name}/")["InstanceProfile"]
    refused("EntityAlreadyExists", iam, "create-instance-profile", *this)
    iam("add-role-to-instance-profile", *this, *role)
    assert values(iam("get-instance-profile", *this)["InstanceProfile"]["Roles"], "RoleName") == [name]
    for listing in (("list-instance-profiles-for-role", *role), ("list-instance-profiles", "--path-prefix", f"/{name}/")):
        assert values(iam(*listing)["InstanceProfiles"], "Arn") == [made["Arn"]]
    refused("DeleteConflict", iam, "delete-role", *role)
    refused("DeleteConflict", iam, "delete-instance-profile", *this)
    iam("remove-role-from-instance-profile", *this, *role)
    assert iam("list-instance-profiles-for-role", *role)["InstanceProfiles"] == []
    iam("delete-instance-profile", *this)
    refused("NoSuchEntity", iam, "get-instance-profile", *this)


# -- policies


def test_managed_policies(iam, name):
    made = iam("create-policy", "--policy-name", name, "--path", f"/{name}/", "--policy-document", LIST, "--description", "lists")["Policy"]
    this = ("--policy-arn", made["Arn"])
    assert iam("get-policy", *this)["Policy"]["Description"] == "lists"
    assert values(iam("list-policies", "--path-prefix", f"/{name}/")["Policies"], "Arn") == [made["Arn"]]
    refused("EntityAlreadyExists", iam, "create-policy", "--policy-name", name, "--policy-document", LIST)

    changed = policy(statement(action="ssm:DescribeSessions"))
    second = iam("create-policy-version", *this, "--policy-document", changed, "--set-as-default")["PolicyVersion"]
    assert (second["VersionId"], second["IsDefaultVersion"]) == ("v2", True)
    iam("create-policy-version", *this, "--policy-document", LIST, "--no-set-as-default")
    found = parts(iam, "Versions", "list-policy-versions", *this)
    assert [values(part, "VersionId") for part in found] == [["v3", "v2"], ["v1"]]
    assert iam("get-policy-version", *this, "--version-id", "v2")["PolicyVersion"]["Document"] == json.loads(changed)
    refused("DeleteConflict", iam, "delete-policy-version", *this, "--version-id", "v2")
    iam("set-default-policy-version", *this, "--version-id", "v1")
    assert iam("get-policy", *this)["Policy"]["DefaultVersionId"] == "v1"

    refused("DeleteConflict", iam, "delete-policy", *this, text="more than one version")
    for version in ("v2", "v3"):
        iam("delete-policy-version", *this, "--version-id", version)
    refused("NoSuchEntity", iam, "get-policy-version", *this, "--version-id", "v2")
    iam("delete-policy", *this)
    refused("NoSuchEntity", iam, "get-policy", *this)


@pytest.mark.parametrize("kind", ["user", "group", "role"])
def test_inline_policies(iam, name, kind):
    this = create(iam, kind, name)
    for each in "abc":
        iam(f"put-{kind}-policy", *this, "--policy-name", each, "--policy-document", LIST)
    assert iam(f"get-{kind}-policy", *this, "--policy-name", "b")["PolicyDocument"] == json.loads(LIST)
    assert parts(iam, "PolicyNames", f"list-{kind}-policies", *this) == [["a", "b"], ["c"]]
    refused("MalformedPolicyDocument", iam, f"put-{kind}-policy", *this, "--policy-name", "d", "--policy-document", "{}")
    refused("DeleteConflict", iam, f"delete-{kind}", *this, text="delete policies first")
    for each in "ab":
        iam(f"delete-{kind}-policy", *this, "--policy-name", each)
    assert iam(f"list-{kind}-policies", *this)["PolicyNames"] == ["c"]
    for command in (f"get-{kind}-policy", f"delete-{kind}-policy"):
        refused("NoSuchEntity", iam, command, *this, "--policy-name", "a")


@pytest.mark.parametrize("kind", ["user", "group", "role"])
def test_attachments(iam, name, kind):
    this = create(iam, kind, name)
    arns = [create_policy(iam, f"{name}-{number}") for number in range(2)] + [ADMINISTRATOR]
    for arn in arns:
        iam(f"attach-{kind}-policy", *this, "--policy-arn", arn)
    found = parts(iam, "AttachedPolicies", f"list-attached-{kind}-policies", *this)
    assert [len(part) for part in found] == [2, 1]
    assert {each["PolicyArn"] for part in found for each in part} == set(arns)
    holders = iam("list-entities-for-policy", "--policy-arn", arns[0])
    assert values(holders[f"Policy{kind.capitalize()}s"], f"{kind.capitalize()}Name") == [name]
    refused("DeleteConflict", iam, "delete-policy", "--policy-arn", arns[0])
    refused("DeleteConflict", iam, f"delete-{kind}", *this, text="detach all policies first")
    for arn in arns[1:]:
        iam(f"detach-{kind}-policy", *this, "--policy-arn", arn)
    assert values(iam(f"list-attached-{kind}-policies", *this)["AttachedPolicies"], "PolicyArn") == arns[:1]
    refused("NoSuchEntity", iam, f"detach-{kind}-policy", *this, "--policy-arn", ADMINISTRATOR)
    refused("NoSuchEntity", iam, f"attach-{kind}-policy", *this, "--policy-arn", f"{arns[0]}-none")


@pytest.mark.parametrize("kind", ["user", "role"])
def test_permissions_boundaries(iam, name, kind):
    this, arn = create(iam, kind, name), create_policy(iam, name)

    def boundary():
        return iam(f"get-{kind}", *this)[kind.capitalize()].get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")

    iam(f"put-{kind}-permissions-boundary", *this, "--permissions-boundary", arn)
    assert boundary() == arn
    refused("DeleteConflict", iam, "delete-policy", "--policy-arn", arn)
    iam(f"delete-{kind}-permissions-boundary", *this)
    assert boundary() is None
    iam("delete-policy", "--policy-arn", arn)
    refused("NoSuchEntity", iam, f"put-{kind}-permissions-boundary", *this, "--permissions-boundary", arn)


def test_simulations(testbed, cli, iam, name):
    user = make_user(testbed, name, statement(action="ssm:ListDocuments"))
    actions = ("--action-names", "ssm:ListDocuments", "ssm:StartSession", "iam:GetUser")

    def decisions(*arguments):
        found = parts(iam, "EvaluationResults", *arguments, *actions)
        assert [len(part) for part in found] == [2, 1]
        return [each["EvalDecision"] for part in found for each in part]

    assert decisions("simulate-principal-policy", "--policy-source-arn", user.arn) == ["allowed", "implicitDeny", "implicitDeny"]
    denial = policy(statement("Deny", "iam:*"))
    assert decisions("simulate-custom-policy", "--policy-input-list", LIST, denial) == ["allowed", "implicitDeny", "explicitDeny"]
    refused("NoSuchEntity", iam, "simulate-principal-policy", "--policy-source-arn", f"{user.arn}-none", *actions)
    refused("InvalidInput", iam, "simulate-custom-policy", "--policy-input-list", "{", *actions)


# -- tags


def create_device(iam, name, tmp_path):
    output = ("--bootstrap-method", "Base32StringSeed", "--outfile", tmp_path / "seed")
    return iam("create-virtual-mfa-device", "--virtual-mfa-device-name", name, *output)["VirtualMFADevice"]["SerialNumber"]


def create_provider(iam, name):
    url, thumbprint = ("--url", f"https://{name}.example/realm"), ("--thumbprint-list", "0" * 40)
    return iam("create-open-id-connect-provider", *url, *thumbprint, "--client-id-list", "one")["OpenIDConnectProviderArn"]


@pytest.mark.parametrize("kind", ["user", "role", "instance-profile", "policy", "mfa-device", "open-id-connect-provider"])
def test_tags(iam, name, kind, tmp_path):
    if kind == "policy":
        this = ("--policy-arn", create_policy(iam, name))
    elif kind == "mfa-device":
        this = ("--serial-number", create_device(iam, name, tmp_path))
    elif kind == "open-id-connect-provider":
        this = ("--open-id-connect-provider-arn", create_provider(iam, name))
    else:
        this = create(iam, kind, name)

    def tags(*arguments):
        return [(tag["Key"], tag["Value"]) for tag in iam(f"list-{kind}-tags", *this, *arguments)["Tags"]]

    iam(f"tag-{kind}", *this, "--tags", "Key=b,Value=2", "Key=a,Value=1", "Key=c,Value=")
    assert tags() == [("a", "1"), ("b", "2"), ("c", "")]
    assert tags("--max-items", "2") == [("a", "1"), ("b", "2")]
    iam(f"tag-{kind}", *this, "--tags", "Key=b,Value=3")
    iam(f"untag-{kind}", *this, "--tag-keys", "a", "c")
    assert tags() == [("b", "3")]
    refused("InvalidInput", iam, f"tag-{kind}", *this, "--tags", "Key=aws:a,Value=1")
    refused("NoSuchEntity", iam, f"tag-{kind}", this[0], f"{this[1]}-none", "--tags", "Key=a,Value=1")


# -- ways to sign in


def test_open_id_connect_providers(iam, name):
    arn = create_provider(iam, name)
    this = ("--open-id-connect-provider-arn", arn)
    assert arn in values(iam("list-open-id-connect-providers")["OpenIDConnectProviderList"], "Arn")
    refused("EntityAlreadyExists", create_provider, iam, name)
    iam("add-client-id-to-open-id-connect-provider", *this, "--client-id", "two")
    iam("remove-client-id-from-open-id-connect-provider", *this, "--client-id", "one")
    iam("update-open-id-connect-provider-thumbprint", *this, "--thumbprint-list", "a" * 40)
    found = iam("get-open-id-connect-provider", *this)
    assert (found["Url"], found["ClientIDList"], found["ThumbprintList"]) == (f"{name}.example/realm", ["two"], ["a" * 40])
    iam("delete-open-id-connect-provider", *this)
    assert arn not in values(iam("list-open-id-connect-providers")["OpenIDConnectProviderList"], "Arn")
    refused("NoSuchEntity", iam, "get-open-id-connect-provider", *this)
    refused("NoSuchEntity", iam, "add-client-id-to-open-id-connect-provider", *this, "--client-id", "two")


def test_devices_that_nobody_has(iam, name, tmp_path):
    this = ("--serial-number", create_device(iam, name, tmp_path))
    refused("EntityAlreadyExists", create_device, iam, name, tmp_path)
    unassigned = ("list-virtual-mfa-devices", "--assignment-status", "Unassigned", "--page-size", "1")
    assert this[1] in values(iam(*unassigned)["VirtualMFADevices"], "SerialNumber")
    iam("delete-virtual-mfa-device", *this)
    assert this[1] not in values(iam(*unassigned)["VirtualMFADevices"], "SerialNumber")
    refused("NoSuchEntity", iam, "delete-virtual-mfa-device", *this)


def test_passwords(testbed, cli, iam, name):
    user = make_user(testbed, name, statement(action="iam:ChangePassword", resource="arn:aws:iam::*:user/${aws:username}"))
    this = ("--user-name", user.name)
    iam("create-login-profile", *this, "--password", "Passw0rd", "--password-reset-required")
    change = functools.partial(cli, "iam", "change-password", profile=user.name)
    refused("AccessDenied", change, "--old-password", "Passw1rd", "--new-password", "correct-Horse-1")
    change("--old-password", "Passw0rd", "--new-password", "correct-Horse-1")
    assert iam("get-login-profile", *this)["LoginProfile"]["PasswordResetRequired"] is False
    iam("update-login-profile", *this, "--password", "correct-Horse-2", "--password-reset-required")
    assert iam("get-login-profile", *this)["LoginProfile"]["PasswordResetRequired"] is True
    change("--old-password", "correct-Horse-2", "--new-password", "correct-Horse-3")
    iam("delete-login-profile", *this)
    refused("NoSuchEntity", iam, "get-login-profile", *this)


def test_password_policy(iam, name):
    this = create(iam, "user", name)
    refused("NoSuchEntity", iam, "get-account-password-policy")
    iam("update-account-password-policy", "--minimum-password-length", "12", "--require-symbols")
    found = iam("get-account-password-policy")["PasswordPolicy"]
    assert (found["MinimumPasswordLength"], found["RequireSymbols"]) == (12, True)
    refused("PasswordPolicyViolation", iam, "create-login-profile", *this, "--password", "Passw0rd")
    iam("delete-account-password-policy")
    refused("NoSuchEntity", iam, "get-account-password-policy")
    refused("NoSuchEntity", iam, "delete-account-password-policy")


def test_encoded_messages(testbed, cli, name):
    make_user(testbed, name)
    with pytest.raises(AwsError) as raised:
        cli("ssm", "list-documents", profile=name)
    encoded = raised.value.text.split("Encoded authorization failure message: ")[1].strip()
    decode = functools.partial(cli, "sts", "decode-authorization-message", "--encoded-message")
    decoded = json.loads(decode(encoded)["DecodedMessage"])
    assert (decoded["allowed"], decoded["context"]["action"]) == (False, "ssm:ListDocuments")
    refused("AccessDenied", decode, encoded, profile=name)
    refused("InvalidAuthorizationMessageException", decode, "made-up")


def test_web_identities_that_nobody_vouches_for(cli, iam, name):
    create(iam, "role", name)
    arn = iam("get-role", "--role-name", name)["Role"]["Arn"]
    session = ("--role-arn", arn, "--role-session-name", "web")
    refused("InvalidIdentityToken", cli, "sts", "assume-role-with-web-identity", *session, "--web-identity-token", "no.such.token")


# -- the account


def test_account(iam, name):
    before = iam("get-account-summary")["SummaryMap"]
    create(iam, "user", name)
    assert iam("get-account-summary")["SummaryMap"]["Users"] == before["Users"] + 1
    iam("create-account-alias", "--account-alias", name)
    assert iam("list-account-aliases")["AccountAliases"] == [name]
    refused("NoSuchEntity", iam, "delete-account-alias", "--account-alias", f"{name}-other")
    iam("delete-account-alias", "--account-alias", name)
    assert iam("list-account-aliases")["AccountAliases"] == []


def test_authorization_details(cli, iam, name):
    user, _ = create(iam, "user", name), create(iam, "role", name)
    iam("put-user-policy", *user, "--policy-name", "p", "--policy-document", LIST)
    arn = create_policy(iam, name)
    before = cli.answered["iam", "GetAccountAuthorizationDetails"]
    found = iam("get-account-authorization-details", "--page-size", "3")
    assert cli.answered["iam", "GetAccountAuthorizationDetails"] - before > 1
    (described,) = [each for each in found["UserDetailList"] if each["UserName"] == name]
    assert described["UserPolicyList"] == [{"PolicyName": "p", "PolicyDocument": json.loads(LIST)}]
    assert arn in values(found["Policies"], "Arn")
    only = iam("get-account-authorization-details", "--filter", "Role")
    assert name in values(only["RoleDetailList"], "RoleName") and only["UserDetailList"] == []


def test_last_accessed(testbed, cli, iam, name):
    user = make_user(testbed, name, statement(action="ssm:ListDocuments"))
    cli("ssm", "list-documents", profile=name)

    def report():
        job = iam("generate-service-last-accessed-details", "--arn", user.arn, "--granularity", "ACTION_LEVEL")["JobId"]
        (ssm,) = iam("get-service-last-accessed-details", "--job-id", job)["ServicesLastAccessed"]
        return ssm.get("TrackedActionsLastAccessed")

    # Uses are written together every few seconds.
    assert values(wait_until(report, 20, "use noted", 0.2), "ActionName") == ["ListDocuments"]
    refused("NoSuchEntity", iam, "generate-service-last-accessed-details", "--arn", f"{user.arn}-none")
    refused("NoSuchEntity", iam, "get-service-last-accessed-details", "--job-id", "0" * 36)


# -- organizations


def test_service_control_policies(organizations, name):
    account = organizations("describe-organization")["Organization"]["MasterAccountId"]
    (root,) = organizations("list-roots")["Roots"]
    described = ("--description", "as before", "--name", name, "--type", "SERVICE_CONTROL_POLICY")
    made = organizations("create-policy", "--content", policy(statement()), *described)["Policy"]
    this = ("--policy-id", made["PolicySummary"]["Id"])
    assert organizations("describe-policy", *this)["Policy"] == made
    refused("DuplicatePolicyException", organizations, "create-policy", "--content", policy(statement()), *described)
    organizations("update-policy", *this, "--name", f"{name}-renamed", "--description", "")
    listed = parts(organizations, "Policies", "list-policies", "--filter", "SERVICE_CONTROL_POLICY", size=1)
    assert f"{name}-renamed" in [each["Name"] for part in listed for each in part] and len(listed) > 1

    def held(target):
        found = organizations("list-policies-for-target", "--target-id", target, "--filter", "SERVICE_CONTROL_POLICY")
        return this[1] in values(found["Policies"], "Id")

    for target in (account, root["Id"]):
        organizations("attach-policy", *this, "--target-id", target)
        assert held(target)
    assert set(values(organizations("list-targets-for-policy", *this)["Targets"], "TargetId")) == {account, root["Id"]}
    refused("DuplicatePolicyAttachmentException", organizations, "attach-policy", *this, "--target-id", account)
    refused("PolicyInUseException", organizations, "delete-policy", *this)
    for target in (account, root["Id"]):
        organizations("detach-policy", *this, "--target-id", target)
        assert not held(target)
    refused("PolicyNotAttachedException", organizations, "detach-policy", *this, "--target-id", account)
    organizations("delete-policy", *this)
    refused("PolicyNotFoundException", organizations, "describe-policy", *this)


# -- systems manager


def test_pages_of_documents(cli):
    ssm = functools.partial(cli, "ssm")
    every = values(ssm("list-documents")["DocumentIdentifiers"], "Name")
    found = parts(ssm, "DocumentIdentifiers", "list-documents", "--page-size", "3", size=4)
    assert [each["Name"] for part in found for each in part] == every
    assert {len(part) for part in found[:-1]} == {4}


# -- all of them


def test_no_operation_is_without_a_command(request, testbed, cli):
    """Last in this file: what the tests before have called, and what the files of ELSEWHERE do."""
    here = sys.modules[__name__]
    ran = {item.function for item in request.session.items if item.module is here}
    if ran != {value for name, value in vars(here).items() if name.startswith("test_")}:
        pytest.skip("only some of the tests were selected")
    called = {(service, xform_name(operation, "-")) for service, operation in cli.answered}
    for (file, service), commands in ELSEWHERE.items():
        text = (Path(__file__).parent / file).read_text()
        assert [command for command in commands if f'"{command}"' not in text] == [], file
        called |= {(service, command) for command in commands}
    for service in ("iam", "organizations", "ssm", "sts"):
        there = outcomes(make_user(testbed, f"nobody-{service}").client(service))
        assert [operation for operation in there if (service, xform_name(operation, "-")) not in called] == []
