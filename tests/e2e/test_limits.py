"""How many sessions there may be at once: on a node, of a user, altogether. Refusals name the limit and what to do.
How long a session may last, and be idle: the person is warned, and told why it ended.
"""

import contextlib
import json
import threading

import pytest
from sessions import session_id, wait_over
from support.aws_clients import client
from support.aws_http import AwsHttp
from support.postern_testbed import Testbed
from support.terminal import Terminal

CONFIGURATION = """
[limits]
sessions_per_node = 2
sessions_per_user = 3
sessions = 100
"""


@pytest.fixture(scope="module")
def testbed(programs):
    with Testbed(settings=CONFIGURATION) as bed:
        yield bed
        bed.stop()
        assert bed.unclean == [], "these ignored SIGTERM"


@pytest.fixture(scope="module")
def nodes(testbed):
    return [testbed.add_node(f"node-{number}") for number in range(2)]


@pytest.fixture
def start(testbed):
    """Starts a session and gives its answer; those that began are ended with the test."""
    begun = []

    def start_on(node):
        http = AwsHttp(testbed.endpoint, testbed.ca_bundle)
        answer = http.ssm("StartSession", {"Target": node.id}, testbed.admin)
        if answer.status == 200:
            begun.append(answer.json()["SessionId"])
        return answer

    yield start_on
    for identifier in begun:
        testbed.ssm("terminate-session", "--session-id", identifier)
        wait_over(testbed, identifier)


def check_refused(answer, limit, what):
    assert answer.status == 400, answer.body
    body = answer.json()
    assert body["__type"].endswith("ThrottlingException"), body
    message = body.get("message") or body.get("Message")
    assert limit in message and what in message and "TerminateSession" in message, message


def test_node(testbed, nodes, start):
    first = start(nodes[0]).json()["SessionId"]
    assert start(nodes[0]).status == 200
    check_refused(start(nodes[0]), "limits.sessions_per_node", f"{nodes[0].id} has 2 sessions")
    testbed.ssm("terminate-session", "--session-id", first)
    wait_over(testbed, first)
    assert start(nodes[0]).status == 200


def test_user(nodes, start):
    assert [start(node).status for node in (nodes[0], nodes[0], nodes[1])] == [200, 200, 200]
    check_refused(start(nodes[1]), "limits.sessions_per_user", "You have 3 sessions")


def test_starts_at_once_pass_no_limit_together(nodes, start):
    statuses = []
    threads = [threading.Thread(target=lambda: statuses.append(start(nodes[0]).status)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] * 2 + [400] * 6


def test_sessions_of_before_a_restart_count(testbed, nodes, start):
    assert [start(node).status for node in (nodes[0], nodes[0])] == [200, 200]
    testbed.posternd.kill()
    testbed.posternd.wait()
    testbed.start_posternd()
    nodes[0].wait_connected(60)
    check_refused(start(nodes[0]), "limits.sessions_per_node", "has 2 sessions")


def test_all(programs):
    with Testbed(settings="[limits]\nsessions = 1\n") as bed:
        node = bed.add_node("web")
        http = AwsHttp(bed.endpoint, bed.ca_bundle)
        assert http.ssm("StartSession", {"Target": node.id}, bed.admin).status == 200
        refused = http.ssm("StartSession", {"Target": node.id}, bed.admin)
        # The sessions are others': there is nothing that this person could end.
        assert refused.status == 400 and refused.json()["__type"].endswith("ThrottlingException"), refused.body
        assert "The service has 1 sessions" in refused.json()["message"] and "limits.sessions" in refused.json()["message"]


# A minute is the least that a document can say, so both sessions spend it together.
PATIENCE_SECONDS = 100


@pytest.fixture
def open_limited(testbed, nodes):
    """Opens a shell by a document that has the input."""
    with contextlib.ExitStack() as stack:

        def open_shell(key):
            content = {"schemaVersion": "1.0", "description": "x", "sessionType": "Standard_Stream", "inputs": {key: "1"}}
            client(testbed, "ssm", testbed.admin).create_document(Name=key, Content=json.dumps(content), DocumentType="Session")
            command = [testbed.program("postern"), "start-session", nodes[0].id, "--document-name", key]
            shell = stack.enter_context(Terminal(command, testbed.client_environment()))
            shell.settle()
            return shell

        yield open_shell


def test_time(testbed, open_limited):
    idle, short = open_limited("idleSessionTimeout"), open_limited("maxSessionDuration")
    # Use doesn't help against the second limit.
    assert short.run("echo used") == "used"
    for shell, warning, end in (
        (idle, b"This session is idle and will be ended in", b"idleSessionTimeout of document idleSessionTimeout"),
        (short, b"This session will be ended in", b"maxSessionDuration of document maxSessionDuration"),
    ):
        shell.expect(warning, timeout=PATIENCE_SECONDS)
        shell.expect(b"has been ended", timeout=PATIENCE_SECONDS)
        shell.wait_end()
        record = wait_over(testbed, session_id(shell))
        assert record["Status"] == "Terminated" and end.decode() in record["Details"]
