"""The service with its records in PostgreSQL: the way from an empty database to a session, and IAM's policies over it."""

import re
import subprocess

import pytest
from identities import iam as admin_client
from identities import make_user, statement
from support import postgres
from support.postern_testbed import Testbed
from support.terminal import Terminal
from support.wait import wait_until

# What holds of IAM's policies on SQLite holds here: the same tests.
from test_iam_policies import *  # noqa: F403

pytestmark = pytest.mark.skipif(not postgres.is_installed(), reason="PostgreSQL is not installed")


@pytest.fixture(scope="module")
def database():
    with postgres.Postgres() as server:
        postgres.psql(server.port, "-c", "CREATE DATABASE postern")
        yield server


@pytest.fixture(scope="module")
def testbed(programs, database):
    with Testbed(settings=f'[store]\nurl = "{database.url("postern")}"\n') as bed:
        yield bed
        bed.stop()
        assert bed.unclean == [], "these ignored SIGTERM"


def test_records_are_in_postgresql(testbed, database):
    assert not (testbed.state_dir / "postern.db").exists()
    count = postgres.psql(database.port, "-d", "postern", "-c", "SELECT COUNT(*) FROM users WHERE name = 'admin'")
    assert count == "1"


def test_session_of_a_user(testbed, node):
    user = make_user(testbed, "ana")
    iam = admin_client(testbed)
    iam.create_group(GroupName="operators")
    iam.attach_group_policy(GroupName="operators", PolicyArn="arn:aws:iam::aws:policy/PosternSessionUser")
    iam.add_user_to_group(GroupName="operators", UserName="ana")
    with Terminal([testbed.program("postern"), "start-session", node.name], env=testbed.client_environment("ana")) as terminal:
        terminal.settle()
        assert terminal.run("echo $((6*7))") == "42"
        active = user.client().describe_sessions(State="Active")["Sessions"]
        assert [session["Owner"] for session in active] == [user.arn]
        # Out of the group: over within the second.
        iam.remove_user_from_group(GroupName="operators", UserName="ana")
        wait_until(lambda: not testbed.ssm("describe-sessions", "--state", "Active")["Sessions"], 5, "session ended", 0.1)


def test_survives_a_restart_of_the_service(testbed, node):
    user = make_user(testbed, "bea", statement(action="ssm:DescribeSessions"))
    testbed.stop_posternd()
    testbed.start_posternd()
    user.client().describe_sessions(State="History")
    node.wait_connected()


def test_survives_a_cut_connection(testbed, database):
    postgres.psql(database.port, "-d", "postern", "-c",
                  "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = 'postern'")  # fmt: skip
    iam = admin_client(testbed)

    def works():
        try:
            iam.create_group(GroupName="after")
            return iam.get_group(GroupName="after")
        except Exception:  # noqa: BLE001 - any failure of the first calls will do
            return None

    wait_until(works, 20, "the service to connect anew", 0.1)


def test_address_with_a_wrong_scheme_is_refused(testbed, tmp_path):
    config = tmp_path / "posternd.toml"
    config.write_text(f'state_dir = "{tmp_path}/state"\n[store]\nurl = "mysql://user:secret@host/db"\n')
    done = subprocess.run([testbed.program("posternd"), "--config", config], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert re.search(r"posternd.toml:3: store.url: expected postgresql://", done.stderr), done.stderr
    assert "secret" not in done.stderr


def test_unreachable_database_is_named_without_its_password(testbed, tmp_path):
    password = tmp_path / "password"
    password.write_text("the secret\n")
    config = tmp_path / "posternd.toml"
    config.write_text(
        f'state_dir = "{tmp_path}/state"\n[store]\nurl = "postgresql://postern@127.0.0.1:1/none"\npassword_file = "{password}"\n'
    )
    done = subprocess.run([testbed.program("posternd"), "--config", config], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert "cannot open the database postgresql://postern@127.0.0.1:1/none" in done.stderr
    assert "secret" not in done.stdout + done.stderr
