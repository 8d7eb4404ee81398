"""posternd admin recover: the way back when nobody may administer any more."""

import subprocess

import pytest

from identities import policy, statement
from support.aws_clients import ClientError, client, error_code
from support.postern_testbed import ACCESS_KEY_ID, SECRET_ACCESS_KEY, Credentials


def recover(testbed, *arguments):
    return subprocess.run(
        [testbed.program("posternd"), "admin", "recover", *(arguments or ("--state-dir", testbed.state_dir))],
        env=testbed.machine_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_administrator_comes_back(testbed):
    organizations = client(testbed, "organizations", testbed.admin)
    account = organizations.describe_organization()["Organization"]["MasterAccountId"]
    locked = organizations.create_policy(
        Content=policy(statement("Deny")), Description="", Name="nothing", Type="SERVICE_CONTROL_POLICY"
    )["Policy"]["PolicySummary"]["Id"]
    organizations.attach_policy(PolicyId=locked, TargetId=account)
    with pytest.raises(ClientError) as raised:
        organizations.detach_policy(PolicyId=locked, TargetId=account)
    assert error_code(raised.value) == "AccessDeniedException"

    running = recover(testbed)
    assert running.returncode == 1
    assert "another posternd is running" in running.stderr

    testbed.stop_posternd()
    done = recover(testbed)
    assert done.returncode == 0, done.stderr
    assert f"detached the service control policy nothing from {account}" in done.stdout
    assert "administrator_recovered" in done.stderr
    fresh = Credentials(ACCESS_KEY_ID.findall(done.stdout)[-1], SECRET_ACCESS_KEY.search(done.stdout)[1])
    assert fresh.secret_access_key not in done.stderr
    assert fresh.access_key_id != testbed.admin.access_key_id
    testbed.start_posternd()
    assert client(testbed, "sts", fresh).get_caller_identity()["Arn"].endswith(":user/admin")
    client(testbed, "organizations", fresh).delete_policy(PolicyId=locked)
    client(testbed, "ssm", testbed.admin).describe_sessions(State="Active")


def test_nothing_to_recover(testbed, tmp_path):
    done = recover(testbed, "--state-dir", tmp_path)
    assert done.returncode == 1
    assert "holds no records" in done.stderr
