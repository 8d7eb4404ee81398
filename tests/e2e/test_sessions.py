"""What the API says about a session, and how one is ended from outside."""

import datetime
import re
import signal

import pexpect
import pytest
from sessions import describe, end_all, session_id, wait_over
from support.postern_testbed import AwsError
from support.processes import is_alive, kill
from support.terminal import Terminal
from support.wait import wait_until


def test_prints_the_plugins_lines(session_client):
    with session_client.shell() as shell:
        assert re.search(rb"\r\nStarting session with SessionId: \S+\r\n", shell.banner)
        identifier = session_id(shell)
        shell.send("exit\r")
        rest = shell.wait_end()
    assert rest.endswith(f"\r\n\r\nExiting session with sessionId: {identifier}.\r\n\r\n".encode())
    assert shell.exit_status == 0


def test_is_named_after_its_owner(session_client, testbed):
    with session_client.shell() as shell:
        assert re.fullmatch(r"admin-[0-9a-z]{17,26}", session_id(shell))


def test_is_active_while_open_and_history_afterwards(session_client, testbed, node):
    with session_client.shell() as shell:
        identifier = session_id(shell)
        active = describe(testbed, "Active")[identifier]
        assert active["Status"] == "Connected"
        assert active["Target"] == node.id
        assert active["Owner"].endswith(":user/admin")
        assert active["DocumentName"] == "SSM-SessionManagerRunShell"
        assert identifier not in describe(testbed, "History")
        shell.send("exit\r")
        shell.wait_end()
    over = wait_over(testbed, identifier)
    assert over["Status"] == "Terminated"
    assert over["StartDate"] <= over["EndDate"]
    assert identifier not in describe(testbed, "Active")


def test_terminate_ends_it_and_tells_the_person(session_client, testbed):
    with session_client.shell() as shell:
        identifier = session_id(shell)
        far_shell = int(shell.run("echo $$"))
        answer = testbed.ssm("terminate-session", "--session-id", identifier)
        assert answer["SessionId"] == identifier
        rest = shell.wait_end(timeout=15).decode()
        assert re.search(rf"\r\n\r\nSessionId: {identifier} : .*[Tt]erminated.*\r\n\r\n$", rest), rest
        assert shell.exit_status == 0
    wait_until(lambda: not is_alive(far_shell), 10, "the far shell gone")
    assert wait_over(testbed, identifier)["Status"] == "Terminated"


def test_terminate_ends_a_program_that_ignores_signals(testbed, session_client):
    with session_client.shell() as shell:
        shell.send("trap '' HUP INT TERM; echo rea''dy $$; while :; do sleep 100; done\r")
        shell.expect(b"ready ")
        far_shell = int(shell.expect(b"\r\n"))
        testbed.ssm("terminate-session", "--session-id", session_id(shell))
        shell.wait_end(timeout=15)
    wait_until(lambda: not is_alive(far_shell), 20, "the far shell gone")


def test_hanging_up_repeatedly_ends_it(testbed, node):
    """A closed terminal signals the foreground once itself and once more when the shell that leads the session dies."""
    command = [testbed.program("postern"), "start-session", node.id]
    with Terminal(command, env=testbed.client_environment()) as shell:
        shell.settle()
        identifier, far_shell = session_id(shell), int(shell.run("echo $$"))
        # One signal after the other, whatever the client is doing: back to back the kernel would merge them. Until it has said
        # goodbye: with sanitizers its exit takes long, and there a signal would find nobody.
        goodbye = re.compile(rb"Exiting session")
        for _ in range(20000):
            if shell.child.expect([goodbye, pexpect.TIMEOUT], timeout=0.0005) == 0:
                break
            kill(shell.pid, signal.SIGHUP)
        shell.wait_end()
    assert shell.exit_status == 0, "it ends in its own time and says goodbye first"
    wait_until(lambda: not is_alive(far_shell), 20, "the far shell gone")
    wait_over(testbed, identifier)


def test_nothing_is_left_of_it(session_client, testbed, node):
    end_all(testbed)
    before_files = sorted(node.state_dir.rglob("*"))
    before = len(testbed.processes())
    with session_client.shell() as shell:
        identifier = session_id(shell)
        shell.send("exit\r")
        shell.wait_end()
    wait_over(testbed, identifier)
    wait_until(lambda: len(testbed.processes()) <= before, 10, f"no process left of it: {testbed.processes()}")
    assert sorted(node.state_dir.rglob("*")) == before_files


@pytest.fixture(scope="module")
def history(testbed, node):
    """Sessions that are over, at least three and none added while a test looks."""
    for _ in range(3):
        command = [testbed.program("postern"), "start-session", node.id]
        with Terminal(command, env=testbed.client_environment()) as shell:
            shell.settle()
            shell.send("exit\r")
            shell.wait_end()
    end_all(testbed)
    return describe(testbed, "History")


def test_filters(testbed, node, history):
    some = next(iter(history.values()))
    assert set(describe(testbed, "History", f"key=SessionId,value={some['SessionId']}")) == {some["SessionId"]}
    assert describe(testbed, "History", f"key=Target,value={node.id}").keys() == history.keys()
    assert describe(testbed, "History", "key=Target,value=mi-00000000000000000") == {}
    assert describe(testbed, "History", f"key=Owner,value={some['Owner']}").keys() == history.keys()
    assert describe(testbed, "History", "key=Status,value=Failed") == {
        i: s for i, s in history.items() if s["Status"] == "Failed"
    }
    now = datetime.datetime.now(datetime.timezone.utc)
    hour = datetime.timedelta(hours=1)
    form = "%Y-%m-%dT%H:%M:%SZ"
    assert describe(testbed, "History", f"key=InvokedAfter,value={now + hour:{form}}") == {}
    assert describe(testbed, "History", f"key=InvokedBefore,value={now + hour:{form}}").keys() == history.keys()


def test_pages(http, testbed, history):
    seen, token = [], None
    while True:
        body = {"State": "History", "MaxResults": 2, **({"NextToken": token} if token else {})}
        answer = http.ssm("DescribeSessions", body, testbed.admin)
        assert answer.status == 200, answer.body
        page = answer.json()["Sessions"]
        assert len(page) <= 2
        seen += [session["SessionId"] for session in page]
        token = answer.json().get("NextToken")
        if not token:
            break
    assert sorted(seen) == sorted(history)
    wrong = http.ssm("DescribeSessions", {"State": "History", "NextToken": "nonsense"}, testbed.admin)
    assert (wrong.status, wrong.error_code) == (400, "InvalidNextToken")


@pytest.mark.parametrize("operation", ["resume-session", "terminate-session"])
def test_unknown_sessions(testbed, operation):
    with pytest.raises(AwsError) as raised:
        testbed.ssm(operation, "--session-id", "admin-0123456789abcdef0")
    assert raised.value.code == "DoesNotExistException"


def test_target_without_a_connection(testbed):
    away = testbed.register_node("away")
    with pytest.raises(AwsError) as raised:
        testbed.ssm("start-session", "--target", away.id)
    assert raised.value.code == "TargetNotConnected"


def test_target_that_does_not_exist(testbed):
    with pytest.raises(AwsError) as raised:
        testbed.ssm("start-session", "--target", "mi-00000000000000000")
    assert raised.value.code in ("TargetNotConnected", "InvalidTarget")


def test_document_that_does_not_exist(testbed, node):
    with pytest.raises(AwsError) as raised:
        testbed.ssm("start-session", "--target", node.id, "--document-name", "No-Such-Document")
    assert raised.value.code == "InvalidDocument"
