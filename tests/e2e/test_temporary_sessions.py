"""Live sessions of temporary credentials end with what the credentials rest on, and with the credentials themselves."""

import contextlib
import datetime
import itertools
import sqlite3
import time

import pytest
from identities import iam, make_user, policy, statement
from live_sessions import AT_ONCE_SECONDS, ended_at_once, is_active, wait_over
from support.aws_clients import client
from support.postern_testbed import Credentials

numbers = itertools.count(1)
START = statement(action="ssm:StartSession")


@pytest.fixture
def user(testbed):
    return make_user(testbed, f"visitor-{next(numbers)}", statement(action="sts:*"))


@pytest.fixture
def role(testbed, user):
    """A role that may start sessions and that the user may assume; its name is the user's."""
    api = iam(testbed)
    trust = policy({"Effect": "Allow", "Principal": {"AWS": user.arn}, "Action": "sts:AssumeRole"})
    arn = api.create_role(RoleName=user.name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    api.put_role_policy(RoleName=user.name, PolicyName="p", PolicyDocument=policy(START))
    return arn


def start(testbed, node, answer):
    """Starts a session with what STS has answered; returns its id."""
    made = answer["Credentials"]
    credentials = Credentials(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])
    return client(testbed, "ssm", credentials).start_session(Target=node.id)["SessionId"]


def assumed(testbed, node, user, role, **options):
    return start(testbed, node, user.client("sts").assume_role(RoleArn=role, RoleSessionName="work", **options))


def forbid(api, name):
    api.delete_role_policy(RoleName=name, PolicyName="p")


def revoke_older_sessions(api, name):
    """What AWS's console does for "Revoke active sessions"."""
    soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=1)
    deny = statement("Deny", DateLessThan={"aws:TokenIssueTime": f"{soon:%Y-%m-%dT%H:%M:%SZ}"})
    api.put_role_policy(RoleName=name, PolicyName="AWSRevokeOlderSessions", PolicyDocument=policy(deny))


@pytest.mark.parametrize(
    "change, reason",
    [
        (forbid, "because no identity-based policy allows the ssm:StartSession action"),
        (revoke_older_sessions, "with an explicit deny in an identity-based policy"),
    ],
)
def test_change_of_the_role_ends_live_sessions(testbed, node, user, role, change, reason):
    live = assumed(testbed, node, user, role)
    record = ended_at_once(testbed, live, lambda: change(iam(testbed), user.name))
    assert reason in record["Details"]


def test_a_session_token_is_worth_no_more_than_its_key(testbed, node, user):
    user.put(statement(action=["sts:*", "ssm:StartSession"]))
    live = start(testbed, node, user.client("sts").get_session_token())
    record = ended_at_once(
        testbed,
        live,
        lambda: iam(testbed).update_access_key(
            UserName=user.name, AccessKeyId=user.credentials.access_key_id, Status="Inactive"
        ),
    )
    assert f"{user.credentials.access_key_id} was deactivated" in record["Details"]


def test_a_session_ends_when_its_credentials_expire(testbed, node, user, role):
    """Also when nothing else happens that would have sessions looked at."""
    first, second = (user.client("sts").assume_role(RoleArn=role, RoleSessionName="work") for _ in range(2))
    # The shortest duration is a quarter of an hour, so the store is told another.
    testbed.stop_posternd()
    with contextlib.closing(sqlite3.connect(testbed.state_dir / "postern.db")) as store, store:
        expires = time.time() + 10
        key = first["Credentials"]["AccessKeyId"]
        store.execute("UPDATE temporary_credentials SET expires = ? WHERE access_key_id = ?", (int(expires * 1e6), key))
    testbed.start_posternd()
    node.wait_connected(60)
    live, other = start(testbed, node, first), start(testbed, node, second)
    record = wait_over(testbed, live)
    assert "have expired" in record["Details"]
    assert expires <= record["EndDate"].timestamp() < expires + AT_ONCE_SECONDS
    assert is_active(testbed, other)
    testbed.ssm("terminate-session", "--session-id", other)
