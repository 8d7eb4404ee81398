"""Tokens that are replayed, superseded or somebody else's, and frames that no peer would send.

Each gets a close, an error or nothing; whoever behaves goes on undisturbed.
"""

import json
import socket
import struct
import time
import uuid

import pytest
from control_channel import control_url, open_control_channel, signed_upgrade
from node_identity import NodeIdentity
from support.agent_message import LAYOUT, AgentMessage
from support.aws_http import token_of
from support.processes import memory_of
from support.terminal import Terminal
from support.wait import wait_until
from support.web_socket import BINARY, PING, TEXT, Closed, Refused, WebSocket

# A connection that doesn't say who it is goes within this time.
OPEN_SECONDS = 60
MIB = 1 << 20


class Session:
    """A session started through the API, and its client's side made by hand. Ends with its context."""

    def __init__(self, http, testbed, node):
        self._http, self._testbed = http, testbed
        answer = http.ssm("StartSession", {"Target": node.id}, testbed.admin)
        assert answer.status == 200, answer.body
        self.id, self.url, self.token = (answer.json()[name] for name in ("SessionId", "StreamUrl", "TokenValue"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._http.ssm("TerminateSession", {"SessionId": self.id}, self._testbed.admin)

    def resume(self):
        """A fresh token."""
        answer = self._http.ssm("ResumeSession", {"SessionId": self.id}, self._testbed.admin)
        assert answer.status == 200, answer.body
        return answer.json()["TokenValue"]

    def connect(self, token=None, url=None):
        web_socket = WebSocket(url or self.url, self._http.tls)
        web_socket.send_json(open_data_channel(token or self.token))
        return web_socket


def open_data_channel(token):
    return {
        "MessageSchemaVersion": "1.0",
        "RequestId": str(uuid.uuid4()),
        "TokenValue": token,
        "ClientId": str(uuid.uuid4()),
        "ClientVersion": "1.2.677.0",
    }


@pytest.fixture
def session(http, testbed, node):
    with Session(http, testbed, node) as started:
        yield started


@pytest.fixture(autouse=True)
def bystander(testbed, node):
    """A person at work meanwhile, who must not notice."""
    command = [testbed.program("postern"), "start-session", node.name]
    with Terminal(command, env=testbed.client_environment()) as shell:
        shell.settle()
        yield
        assert shell.run("echo undisturbed") == "undisturbed"
        shell.send("exit\r")
        shell.wait_end()


def speaks(web_socket):
    """Whether the shell's output arrives: the leg was accepted."""
    while True:
        message = AgentMessage.decode(web_socket.receive())
        if message.message_type == "output_stream_data":
            return True


def is_refused(web_socket):
    """Whether the service ends the connection without a byte of the session."""
    try:
        web_socket.receive()
    except (Closed, ConnectionError):
        return True
    return False


def data_url(testbed, session_id):
    return f"wss://127.0.0.1:{testbed.port}/v1/data-channel/{session_id}?role=publish_subscribe"


# -- tokens of clients


def test_right_token(session):
    with session.connect() as client:
        assert speaks(client)


def test_replayed_token(session):
    with session.connect() as client:
        assert speaks(client)
        with session.connect() as again:
            assert is_refused(again)
        client.send(BINARY, AgentMessage("input_stream_data", b"echo\r", payload_type=1).encode())
        assert speaks(client), "the first connection stays"


def test_superseded_token(session):
    fresh = session.resume()
    with session.connect() as client:
        assert is_refused(client)
    with session.connect(fresh) as client:
        assert speaks(client)


def test_token_of_another_session(http, testbed, node, session):
    with Session(http, testbed, node) as other:
        with session.connect(other.token) as client:
            assert is_refused(client)
        with session.connect() as client, other.connect() as its_client:
            assert speaks(client) and speaks(its_client)


@pytest.mark.parametrize("token", ["", "x", "x" * 300, "x" * 100000, "' OR 1=1 --"])
def test_made_up_token(session, token):
    with session.connect(token or " ") as client:
        assert is_refused(client)
    with session.connect() as client:
        assert speaks(client)


def test_token_of_a_session_that_is_over(testbed, session):
    testbed.ssm("terminate-session", "--session-id", session.id)
    try:
        with session.connect() as client:
            assert is_refused(client)
    except Refused as refused:
        assert 400 <= refused.status < 500


def test_unknown_session(session, testbed):
    try:
        with session.connect(url=data_url(testbed, "admin-0123456789abcdef0")) as client:
            assert is_refused(client)
    except Refused as refused:
        assert 400 <= refused.status < 500


# -- nodes


@pytest.fixture(scope="module")
def ours(testbed):
    return NodeIdentity.register(testbed)


@pytest.fixture(scope="module")
def theirs(testbed):
    return NodeIdentity.register(testbed)


def test_data_channel_of_another_nodes_session(http, ours, session):
    answer = http.create_channel("data", session.id, ours.credentials())
    assert 400 <= answer.status < 500
    with session.connect() as client:
        assert speaks(client)


def test_control_channel(http, testbed, ours):
    with open_control_channel(http, testbed, ours, ours):
        wait_until(lambda: testbed.is_connected(ours.id), 10, "connected")
    wait_until(lambda: not testbed.is_connected(ours.id), 10, "not connected any more")


def test_control_plane_trap_40_the_newest_control_channel_wins(http, testbed, ours):
    with open_control_channel(http, testbed, ours, ours) as old:
        wait_until(lambda: testbed.is_connected(ours.id), 10, "connected")
        with open_control_channel(http, testbed, ours, ours):
            old.closed()
            assert testbed.is_connected(ours.id)


def test_control_channel_with_another_nodes_token(http, testbed, ours, theirs):
    with open_control_channel(http, testbed, ours, theirs) as channel:
        assert is_refused(channel)
    assert not testbed.is_connected(ours.id)


def test_control_channel_token_is_used_once(http, testbed, ours):
    token = token_of(http.create_channel("control", ours.id, ours.credentials()))
    with open_control_channel(http, testbed, ours, ours, token):
        wait_until(lambda: testbed.is_connected(ours.id), 10, "connected")
        with open_control_channel(http, testbed, ours, ours, token) as again:
            assert is_refused(again)


def test_control_channel_without_a_signature(http, testbed, ours):
    with pytest.raises(Refused) as refused:
        WebSocket(control_url(testbed, ours.id), http.tls)
    assert refused.value.status in (401, 403)


def test_control_channel_upgrade_signed_by_another_node(http, testbed, ours, theirs):
    url = control_url(testbed, ours.id)
    with pytest.raises(Refused) as refused:
        WebSocket(url, http.tls, signed_upgrade(url, theirs.credentials()))
    assert refused.value.status == 403


# -- first frames


@pytest.mark.parametrize(
    ("opcode", "payload"),
    [
        (TEXT, b""),
        (TEXT, b"{"),
        (TEXT, b"[]"),
        (TEXT, b'{"TokenValue":1}'),
        (TEXT, b'{"MessageSchemaVersion":"1.0"}'),
        (TEXT, b"\xff\xff"),
        (TEXT, b"x" * MIB),
        (BINARY, b"\x00" * 200),
        (BINARY, AgentMessage("input_stream_data", b"id\r", payload_type=1).encode()),
    ],
    # Of their own: those that pytest makes of the payloads have its time and id in them, and differ between processes.
    ids=["nothing", "half", "list", "wrong type", "no token", "no text", "too much", "zeros", "a message"],
)
def test_first_frame_that_says_nothing(session, http, opcode, payload):
    with WebSocket(session.url, http.tls) as client:
        try:
            client.send(opcode, payload)
        except OSError:
            return
        assert is_refused(client)


def test_no_first_frame(session, http):
    with WebSocket(session.url, http.tls, timeout=OPEN_SECONDS) as client:
        assert is_refused(client)


def test_no_request_at_all(testbed):
    """A socket that connects and says nothing is not kept for ever."""
    with socket.create_connection(("127.0.0.1", testbed.port), timeout=OPEN_SECONDS) as silent:
        assert silent.recv(1) == b""


# -- frames of WebSocket


def raw_frames():
    mask = b"\0\0\0\0"
    return [
        pytest.param(b"\x82\x05hello", id="unmasked"),
        pytest.param(b"\xf2\x85" + mask + b"hello", id="reserved bits"),
        pytest.param(b"\x83\x80" + mask, id="unknown opcode"),
        pytest.param(b"\x80\x80" + mask, id="continuation of nothing"),
        pytest.param(b"\x09\x80" + mask, id="fragmented ping"),
        pytest.param(b"\x89\xfe\x00\x7e" + mask + b"x" * 126, id="long ping"),
        pytest.param(b"\x82\xff" + struct.pack("!Q", 1 << 62) + mask, id="length of 2^62"),
        pytest.param(b"\x82\xff" + struct.pack("!Q", (1 << 64) - 1) + mask, id="length with the top bit"),
        pytest.param(b"\x82\xff" + struct.pack("!Q", 64 * MIB) + mask + b"x" * 1000, id="length over the limit"),
    ]


@pytest.mark.parametrize("frame", raw_frames())
def test_broken_web_socket_frames(session, frame):
    with session.connect() as client:
        assert speaks(client)
        client.send_raw(frame)
        client.closed()
    with session.connect(session.resume()) as client:
        assert speaks(client), "the session outlives its broken connection"


# -- frames of the data channel


def agent_messages():
    good = AgentMessage("input_stream_data", b"touch never\r", payload_type=1).encode()
    wrong_header_length = struct.pack("!I", 117) + good[4:]
    past_the_end = struct.pack("!I", 0xFFFFFFFF) + good[4:]
    wrong_payload_length = good[: LAYOUT.size - 4] + struct.pack("!I", 5) + good[LAYOUT.size :]
    return [
        pytest.param(b"", id="empty"),
        pytest.param(good[:50], id="cut in the header"),
        pytest.param(good[:117], id="cut at the payload length"),
        pytest.param(wrong_header_length, id="header length 117"),
        pytest.param(past_the_end, id="header length past the end"),
        pytest.param(wrong_payload_length, id="payload length"),
        pytest.param(AgentMessage("channel_closed", b"{}").encode(), id="channel_closed from a client"),
        pytest.param(AgentMessage("agent_session_state", b"{}").encode(), id="agent_session_state from a client"),
        pytest.param(AgentMessage("pause_publication", b"{}").encode(), id="pause_publication from a client"),
        pytest.param(AgentMessage("output_stream_data", b"x", payload_type=1).encode(), id="output from a client"),
        pytest.param(AgentMessage("no_such_type", b"x").encode(), id="unknown type"),
        pytest.param(AgentMessage("input_stream_data", b"x", 1 << 60, payload_type=1).encode(), id="far ahead"),
        pytest.param(AgentMessage("input_stream_data", b"x", -1, payload_type=1).encode(), id="negative sequence"),
        pytest.param(AgentMessage("input_stream_data", b"{", payload_type=3).encode(), id="size that is no JSON"),
        pytest.param(AgentMessage("input_stream_data", b"x", payload_type=999).encode(), id="unknown payload type"),
        pytest.param(AgentMessage("acknowledge", b"{").encode(), id="acknowledge that is no JSON"),
        pytest.param(AgentMessage("input_stream_data", b"y" * MIB, payload_type=1).encode(), id="a mebibyte"),
    ]


@pytest.mark.parametrize("message", agent_messages())
def test_broken_agent_messages(session, message):
    """Dropped, or the connection closed; the bystander on the same agent and service goes on."""
    with session.connect() as client:
        assert speaks(client)
        try:
            client.send(BINARY, message)
            client.send(BINARY, message)
        except OSError:
            pass


def test_every_bit_of_a_header_flipped(session):
    good = AgentMessage("input_stream_data", b"#", payload_type=1).encode()
    token = session.token
    client = session.connect(token)
    assert speaks(client)
    for bit in range(len(good) * 8):
        flipped = bytearray(good)
        flipped[bit // 8] ^= 1 << bit % 8
        try:
            client.send(BINARY, bytes(flipped))
        except OSError:
            client = session.connect(session.resume())
    client.__exit__()


# -- peers that follow the letter and mean harm; the traps are those of data-channel.md section 10


def test_trap_9_ping_before_the_first_frame(session, http):
    with WebSocket(session.url, http.tls) as client:
        client.send(PING, b"keepalive")
        client.send_json(open_data_channel(session.token))
        assert speaks(client)


def test_acknowledgements_of_what_was_never_sent(session):
    with session.connect() as client:
        assert speaks(client)
        for number in (1, 1000, (1 << 63) - 1, -1):
            body = json.dumps(
                {
                    "AcknowledgedMessageType": "output_stream_data",
                    "AcknowledgedMessageId": str(uuid.uuid4()),
                    "AcknowledgedMessageSequenceNumber": number,
                    "IsSequentialMessage": True,
                }
            )
            client.send(BINARY, AgentMessage("acknowledge", body.encode()).encode())
        client.send(BINARY, AgentMessage("input_stream_data", b"echo un''harmed\r", payload_type=1).encode())
        shown = b""
        while b"unharmed" not in shown:
            shown += AgentMessage.decode(client.receive()).payload


def test_flood_of_frames_that_nobody_sends(session, testbed):
    """Its connection is closed, the log has a few lines of it, and the session can be resumed."""
    injected = AgentMessage("channel_closed", b"{}").encode()
    with session.connect() as client:
        assert speaks(client)
        try:
            for _ in range(20_000):
                client.send(BINARY, injected)
        except OSError:
            pass
        client.closed()
    assert sum(log.count(f"session={session.id}") for log in [testbed.logs()]) < 100
    with session.connect(session.resume()) as client:
        assert speaks(client)


def test_flood_of_pings(session, testbed):
    """Without reading a single answer."""
    with session.connect() as client:
        assert speaks(client)
        before = memory_of([testbed.posternd.pid]).rss
        try:
            for _ in range(50_000):
                client.send(PING, b"x" * 125)
        except OSError:
            pass
        assert memory_of([testbed.posternd.pid]).rss - before < 8 * 1024


# -- slow readers


def test_slow_reader_grows_no_memory(session, testbed, node):
    """A client that stops reading while the far side prints for ever stops the far side, not the service."""
    with session.connect() as client:
        assert speaks(client)
        before = memory_of([testbed.posternd.pid]).rss, memory_of([node.process.pid]).rss
        command = AgentMessage("input_stream_data", b"yes 0123456789abcdef\r", payload_type=1)
        client.send(BINARY, command.encode())
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            time.sleep(0.5)
            now = memory_of([testbed.posternd.pid]).rss, memory_of([node.process.pid]).rss
            assert now[0] - before[0] < 32 * 1024 and now[1] - before[1] < 32 * 1024, (before, now)
