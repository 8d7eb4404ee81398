"""STS: sessions of roles, what they carry, what limits them, and how they end."""

import datetime
import itertools

import pytest
from identities import iam, make_user, policy, statement
from support.aws_clients import ClientError, client, error_code, error_message
from support.postern_testbed import Credentials
from support.wait import wait_until

# Only now: the CLI's own copy stands under this name once it has been imported.
import botocore.serialize  # isort: skip

numbers = itertools.count(1)
DESCRIBE = statement(action="ssm:DescribeSessions")


@pytest.fixture
def name():
    return f"sts-{next(numbers)}"


def trust(principal, action="sts:AssumeRole", **condition):
    return policy({"Effect": "Allow", "Principal": principal, "Action": action, **({"Condition": condition} if condition else {})})


class Role:
    def __init__(self, testbed, name, trust_policy, *statements, **options):
        self._iam, self.name = iam(testbed), name
        self.arn = self._iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust_policy, **options)["Role"]["Arn"]
        if statements:
            self._iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy(*statements))

    def trust(self, trust_policy):
        self._iam.update_assume_role_policy(RoleName=self.name, PolicyDocument=trust_policy)

    def delete(self):
        self._iam.delete_role_policy(RoleName=self.name, PolicyName="p")
        self._iam.delete_role(RoleName=self.name)


@pytest.fixture
def user(testbed, name):
    return make_user(testbed, name)


@pytest.fixture
def role(testbed, name, user):
    """One that trusts the user by name, and may describe sessions."""
    return Role(testbed, name, trust({"AWS": user.arn}), DESCRIBE)


def assume(caller, role, session="work", **options):
    return caller.assume_role(RoleArn=role.arn, RoleSessionName=session, **options)


def credentials_of(answer):
    made = answer["Credentials"]
    return Credentials(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])


def refused(call, code, text="", *arguments, **options):
    with pytest.raises(ClientError) as raised:
        call(*arguments, **options)
    assert error_code(raised.value) == code, raised.value
    assert text in error_message(raised.value), raised.value


def unchecked(api):
    """Lets pass what the SDK itself would refuse."""
    api._serializer = botocore.serialize.create_serializer("query", include_validation=False)
    return api


def may_describe(testbed, credentials):
    try:
        client(testbed, "ssm", credentials).describe_sessions(State="Active")
    except ClientError as failure:
        assert error_code(failure) == "AccessDeniedException"
        return False
    return True


# -- who may


def test_a_role_that_trusts_the_user_by_name(testbed, user, role, aws_cli):
    assumed = testbed.aws(
        "sts", "assume-role", "--role-arn", role.arn, "--role-session-name", "alice@work", profile=user.name, aws=aws_cli
    )
    who = assumed["AssumedRoleUser"]
    assert who["Arn"].endswith(f":assumed-role/{role.name}/alice@work")
    assert who["AssumedRoleId"].startswith("AROA") and who["AssumedRoleId"].endswith(":alice@work")
    credentials = credentials_of(assumed)
    assert credentials.access_key_id.startswith("ASIA")
    identity = client(testbed, "sts", credentials).get_caller_identity()
    assert identity["Arn"] == who["Arn"] and identity["UserId"] == who["AssumedRoleId"]
    assert may_describe(testbed, credentials)
    refused(client(testbed, "ssm", credentials).list_documents, "AccessDeniedException")


def test_a_role_that_trusts_the_account_leaves_it_to_the_users_policies(testbed, name, user):
    account = user.arn.split(":")[4]
    role = Role(testbed, name, trust({"AWS": f"arn:aws:iam::{account}:root"}), DESCRIBE)
    sts = user.client("sts")
    refused(assume, "AccessDenied", "no identity-based policy allows the sts:AssumeRole action", sts, role)
    user.put(statement(action="sts:AssumeRole", resource=role.arn))
    assert may_describe(testbed, credentials_of(assume(sts, role)))


def test_nobody_else_and_no_role_that_is_not_there(testbed, name, user, role):
    other = make_user(testbed, f"{name}-other", statement()).client("sts")
    refused(assume, "AccessDenied", f"not authorized to perform: sts:AssumeRole on resource: {role.arn}", other, role)
    missing = {"RoleArn": f"{role.arn}-missing", "RoleSessionName": "work"}
    refused(other.assume_role, "AccessDenied", "not authorized to perform: sts:AssumeRole", **missing)
    abroad = {"RoleArn": "arn:aws:iam::999999999999:role/Ops", "RoleSessionName": "work"}
    refused(other.assume_role, "AccessDenied", **abroad)


def test_a_deny_of_the_users_own_decides(user, role):
    user.put(statement(effect="Deny", action="sts:AssumeRole"))
    refused(assume, "AccessDenied", "explicit deny in an identity-based policy", user.client("sts"), role)


def test_an_external_id(user, role):
    role.trust(trust({"AWS": user.arn}, StringEquals={"sts:ExternalId": "shared:secret/7"}))
    sts = user.client("sts")
    refused(assume, "AccessDenied", "", sts, role)
    refused(assume, "AccessDenied", "", sts, role, ExternalId="another")
    assume(sts, role, ExternalId="shared:secret/7")


def test_conditions_on_the_session_and_the_way_it_came(user, role):
    role.trust(trust({"AWS": user.arn}, StringEquals={"sts:RoleSessionName": "${aws:username}"}, IpAddress={"aws:SourceIp": "127.0.0.0/8"}))
    sts = user.client("sts")
    refused(assume, "AccessDenied", "", sts, role, "somebody")
    assume(sts, role, user.name)


# -- what limits a session


def test_session_policies_only_limit(testbed, user, role):
    sts = user.client("sts")
    assert may_describe(testbed, credentials_of(assume(sts, role, Policy=policy(statement()))))
    limited = assume(sts, role, Policy=policy(statement(action="ssm:ListDocuments")))
    assert limited["PackedPolicySize"] >= 1
    assert not may_describe(testbed, credentials_of(limited))
    refused(client(testbed, "ssm", credentials_of(limited)).list_documents, "AccessDeniedException")
    read_only = [{"arn": "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"}]
    assert not may_describe(testbed, credentials_of(assume(sts, role, PolicyArns=read_only)))
    everything = [{"arn": "arn:aws:iam::aws:policy/AdministratorAccess"}]
    assert may_describe(testbed, credentials_of(assume(sts, role, PolicyArns=everything)))


def test_session_policies_that_are_none(user, role):
    sts = user.client("sts")
    refused(assume, "MalformedPolicyDocument", "line 1", sts, role, Policy="{")
    refused(assume, "MalformedPolicyDocument", "Effect", sts, role, Policy=policy(statement(effect="Perhaps")))
    refused(assume, "PackedPolicyTooLarge", "2048", sts, role, Policy=policy(statement(resource=["arn:aws:ssm:*:*:document/" + "x" * 100] * 30)))
    refused(assume, "ValidationError", "no managed policy", sts, role, PolicyArns=[{"arn": "arn:aws:iam::aws:policy/Nothing"}])


def test_durations(testbed, name, user, role):
    sts = user.client("sts")

    def lifetime(answer):
        return answer["Credentials"]["Expiration"] - datetime.datetime.now(datetime.timezone.utc)

    def about(answer, seconds):
        return abs(lifetime(answer).total_seconds() - seconds) < 60

    assert about(assume(sts, role), 3600)
    assert about(assume(sts, role, DurationSeconds=900), 900)
    refused(assume, "ValidationError", "", unchecked(sts), role, DurationSeconds=899)
    refused(assume, "ValidationError", "MaxSessionDuration", sts, role, DurationSeconds=3601)
    iam(testbed).update_role(RoleName=role.name, MaxSessionDuration=7200)
    session = assume(sts, role, DurationSeconds=7200)
    assert about(session, 7200)
    # From one role into the next: an hour at most.
    second = Role(testbed, f"{name}-second", trust({"AWS": role.arn}), DESCRIBE, MaxSessionDuration=7200)
    chained = client(testbed, "sts", credentials_of(session))
    refused(assume, "ValidationError", "role chaining", chained, second, DurationSeconds=3601)
    assert may_describe(testbed, credentials_of(assume(chained, second)))
    assert about(sts.get_session_token(), 43200)
    refused(sts.get_session_token, "ValidationError", DurationSeconds=129601)


# -- what a session carries


def test_tags_of_a_session_decide_and_go_on(testbed, name, user, role):
    red = statement(action="ssm:DescribeSessions", StringEquals={"aws:PrincipalTag/Team": "red"})
    iam(testbed).put_role_policy(RoleName=role.name, PolicyName="p", PolicyDocument=policy(red))
    sts = user.client("sts")
    tags = {"Tags": [{"Key": "Team", "Value": "red"}], "TransitiveTagKeys": ["Team"]}
    refused(assume, "AccessDenied", "sts:TagSession", sts, role, **tags)
    both = ["sts:AssumeRole", "sts:TagSession"]
    role.trust(trust({"AWS": user.arn}, both))
    session = credentials_of(assume(sts, role, **tags))
    assert may_describe(testbed, session)
    assert not may_describe(testbed, credentials_of(assume(sts, role, Tags=[{"Key": "Team", "Value": "blue"}])))

    second = Role(testbed, f"{name}-second", trust({"AWS": role.arn}, both), red)
    chained = client(testbed, "sts", session)
    assert may_describe(testbed, credentials_of(assume(chained, second)))
    refused(assume, "InvalidParameterValue", "transitive", chained, second, Tags=[{"Key": "Team", "Value": "blue"}])
    refused(assume, "InvalidParameterValue", "must be specified", sts, role, TransitiveTagKeys=["Other"])
    refused(assume, "ValidationError", "more than case", sts, role, Tags=[{"Key": "A", "Value": "1"}, {"Key": "a", "Value": "2"}])


def test_a_tag_in_another_case_is_the_same_tag(testbed, name, user, role):
    """Conditions take Team and team for one key: a session with both would be of both teams."""
    red = statement(action="ssm:DescribeSessions", StringEquals={"aws:PrincipalTag/Team": "red"})
    both = ["sts:AssumeRole", "sts:TagSession"]
    role.trust(trust({"AWS": user.arn}, both))
    sts = user.client("sts")
    blue = {"Tags": [{"Key": "Team", "Value": "blue"}], "TransitiveTagKeys": ["Team"]}
    first = credentials_of(assume(sts, role, **blue))
    second = Role(testbed, f"{name}-second", trust({"AWS": role.arn}, both), red, Tags=[{"Key": "TEAM", "Value": "red"}])
    chained = client(testbed, "sts", first)
    refused(assume, "InvalidParameterValue", "conflicts", chained, second, Tags=[{"Key": "team", "Value": "red"}])
    # And the session's own hides the role's.
    assert not may_describe(testbed, credentials_of(assume(chained, second)))
    # The transitive one counts as well.
    fifty = [{"Key": f"k{number}", "Value": ""} for number in range(50)]
    refused(assume, "ValidationError", "51 tags", chained, second, Tags=fifty)
    assume(chained, second, Tags=fifty[:49])


def test_tags_that_the_trust_policy_wants(user, role):
    role.trust(trust({"AWS": user.arn}, ["sts:AssumeRole", "sts:TagSession"], StringEquals={"aws:RequestTag/Project": "x"}))
    sts = user.client("sts")
    refused(assume, "AccessDenied", "", sts, role)
    refused(assume, "AccessDenied", "", sts, role, Tags=[{"Key": "Project", "Value": "y"}])
    assume(sts, role, Tags=[{"Key": "Project", "Value": "x"}])


def test_source_identity_stays(testbed, name, user, role):
    sts = user.client("sts")
    refused(assume, "AccessDenied", "sts:SetSourceIdentity", sts, role, SourceIdentity="alice")
    both = ["sts:AssumeRole", "sts:SetSourceIdentity"]
    role.trust(trust({"AWS": user.arn}, both))
    first = assume(sts, role, SourceIdentity="alice")
    assert first["SourceIdentity"] == "alice"
    second = Role(testbed, f"{name}-second", trust({"AWS": role.arn}, both), DESCRIBE)
    chained = client(testbed, "sts", credentials_of(first))
    assert assume(chained, second)["SourceIdentity"] == "alice"
    refused(assume, "InvalidParameterValue", "can't be changed", chained, second, SourceIdentity="mallory")


# -- how it ends


def test_a_deleted_role_takes_its_sessions_along(testbed, user, role):
    sts = client(testbed, "sts", credentials_of(assume(user.client("sts"), role)))
    sts.get_caller_identity()
    role.delete()
    refused(sts.get_caller_identity, "InvalidClientTokenId")


def test_sessions_from_before_are_revoked_as_aws_does_it(testbed, user, role):
    """What AWS's console does for "Revoke active sessions"."""
    old = credentials_of(assume(user.client("sts"), role))
    assert may_describe(testbed, old)
    now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=1)
    deny = statement(effect="Deny", DateLessThan={"aws:TokenIssueTime": f"{now:%Y-%m-%dT%H:%M:%SZ}"})
    iam(testbed).put_role_policy(RoleName=role.name, PolicyName="AWSRevokeOlderSessions", PolicyDocument=policy(deny))
    assert not may_describe(testbed, old)


def test_tokens_that_are_not_theirs(testbed, user, role):
    session = credentials_of(assume(user.client("sts"), role))
    other = credentials_of(assume(user.client("sts"), role))
    swapped = Credentials(session.access_key_id, session.secret_access_key, other.session_token)
    refused(client(testbed, "sts", swapped).get_caller_identity, "InvalidClientTokenId")
    without = Credentials(session.access_key_id, session.secret_access_key)
    refused(client(testbed, "sts", without).get_caller_identity, "InvalidClientTokenId")
    forged = Credentials(session.access_key_id, "x" * 40, session.session_token)
    refused(client(testbed, "sts", forged).get_caller_identity, "SignatureDoesNotMatch")


# -- the rest


def test_access_key_info(testbed, user, role):
    api = client(testbed, "sts", testbed.admin)
    account = user.arn.split(":")[4]
    session = credentials_of(assume(user.client("sts"), role))
    for key in (user.credentials.access_key_id, session.access_key_id):
        assert api.get_access_key_info(AccessKeyId=key)["Account"] == account
    refused(api.get_access_key_info, "ValidationError", AccessKeyId="AKIAAAAAAAAAAAAAAAAA")


@pytest.mark.parametrize(
    "wrong",
    [
        {"RoleSessionName": "a"},
        {"RoleSessionName": "with blank"},
        {"RoleSessionName": "x" * 65},
        {"ExternalId": "x"},
        {"ExternalId": "b\n"},
        {"SourceIdentity": "aws:x"},
        {"Tags": [{"Key": "aws:x", "Value": "1"}]},
        {"Tags": [{"Key": "AWS:x", "Value": "1"}]},
        {"Tags": [{"Key": str(i), "Value": ""} for i in range(51)]},
        {"PolicyArns": [{"arn": "arn:aws:iam::aws:policy/AdministratorAccess"}] * 11},
        {"SerialNumber": "arn:aws:iam::1:mfa/x"},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_requests_that_are_wrong(testbed, role, user, wrong):
    api = unchecked(user.client("sts"))
    refused(api.assume_role, "ValidationError", "validation error", **{"RoleArn": role.arn, "RoleSessionName": "work", **wrong})


def test_a_profile_with_role_arn(testbed, user, role, aws_cli):
    if "/usr/bin" in aws_cli:
        pytest.skip("Debian's release calls AWS itself for the role: it reads no endpoint_url for that")
    with open(testbed.home / ".aws/config", "a") as config:
        config.write(
            f"[profile {role.name}-role]\nrole_arn = {role.arn}\nsource_profile = {user.name}\nregion = us-east-1\n"
            f"endpoint_url = {testbed.endpoint}\nca_bundle = {testbed.ca_bundle}\noutput = json\n"
        )
    identity = testbed.aws("sts", "get-caller-identity", profile=f"{role.name}-role", aws=aws_cli)
    assert f":assumed-role/{role.name}/" in identity["Arn"]


def test_last_used_of_keys_and_roles(testbed, user, role):
    assume(user.client("sts"), role)
    api = iam(testbed)

    def used():
        return api.get_access_key_last_used(AccessKeyId=user.credentials.access_key_id)["AccessKeyLastUsed"]

    wait_until(lambda: used()["ServiceName"] == "sts", 15, "the key's last use")
    assert used()["Region"] == "us-east-1"
