"""What AWS's agents demand of the service's answers: one slip, and they crash, fall silent, or stay away for half an hour.

The node is made by hand. The traps named are those of section 9 of our notes on the control plane, and of section 10 of those on the
data channel.
"""

import contextlib
import json
import socket
import sqlite3
import ssl
import uuid
from xml.etree import ElementTree

import pytest
from control_channel import open_control_channel, signed_upgrade
from identities import iam, policy, statement
from node_identity import NodeIdentity
from support.agent_message import AgentMessage
from support.aws_clients import client as sdk
from support.aws_http import token_of
from support.postern_testbed import Credentials
from support.wait import wait_until
from support.web_socket import BINARY, WebSocket


@pytest.fixture(scope="module")
def node(testbed):
    """Registered, and nothing running."""
    return NodeIdentity.register(testbed)


@pytest.fixture
def control(http, testbed, node):
    """The node's control channel."""
    with open_control_channel(http, testbed, node, node) as channel:
        wait_until(lambda: testbed.is_connected(node.id), 10, "the node connected", 0.1)
        yield channel


def start(http, credentials, node, **members):
    answer = http.ssm("StartSession", {"Target": node.id, **members}, credentials)
    assert answer.status == 200, answer.body
    return answer.json()


def open_agents_end(http, node, session, **members):
    """The node's data channel, at the client's URL, as AWS's agents open theirs."""
    answer = http.create_channel("data", session["SessionId"], node.credentials())
    assert answer.status == 201, answer.body
    url = session["StreamUrl"]
    channel = WebSocket(url, http.tls, signed_upgrade(url, node.credentials()))
    channel.send_json(
        {
            "MessageSchemaVersion": "1.0",
            "RequestId": str(uuid.uuid4()),
            "TokenValue": token_of(answer),
            "ClientInstanceId": node.id,
            "ClientId": "",
            **members,
        }
    )
    return channel


def open_clients_end(http, session):
    channel = WebSocket(session["StreamUrl"], http.tls)
    channel.send_json(
        {
            "MessageSchemaVersion": "1.0",
            "RequestId": str(uuid.uuid4()),
            "TokenValue": session["TokenValue"],
            "ClientId": str(uuid.uuid4()),
            "ClientVersion": "1.2.677.0",
        }
    )
    return channel


def types_until(channel, wanted):
    """The types of what arrives, up to the first message of type `wanted`, and that message."""
    types = []
    while True:
        message = AgentMessage.decode(channel.receive())
        types.append(message.message_type)
        if message.message_type == wanted:
            return types, message


def speak(agent, client):
    """Carries a message each way; returns the types of what the agent got."""
    agent.send(BINARY, AgentMessage("output_stream_data", b"$ ", flags=1, payload_type=1).encode())
    assert types_until(client, "output_stream_data")[1].payload == b"$ "
    client.send(BINARY, AgentMessage("input_stream_data", b"ls\r", payload_type=1).encode())
    types, message = types_until(agent, "input_stream_data")
    assert message.payload == b"ls\r"
    return types


# -- answers


def test_control_plane_trap_1_and_2_a_channel_is_created_with_201_and_xml(http, testbed, node, control):
    session = start(http, testbed.admin, node)
    for kind, name in ("control", node.id), ("data", session["SessionId"]):
        answer = http.create_channel(kind, name, node.credentials())
        assert answer.status == 201
        members = {child.tag: child.text for child in ElementTree.fromstring(answer.body)}
        assert members.pop("MessageSchemaVersion") == "1.0"
        assert set(members) == {"TokenValue"} and members["TokenValue"]


def test_control_plane_trap_3_no_member_is_missing(testbed):
    _, registered = NodeIdentity.try_register(testbed, testbed.create_activation())
    assert set(registered.json()) == {"InstanceId"}
    given = NodeIdentity.register(testbed).request_role_token().json()
    for name in ("AccessKeyId", "SecretAccessKey", "SessionToken"):
        assert isinstance(given.pop(name), str)
    assert given.pop("TokenExpirationDate") > 1_700_000_000
    assert given.pop("UpdateKeyPair") is False
    assert given == {}


@contextlib.contextmanager
def nodes_out_of_reach(testbed):
    """What concerns nodes fails meanwhile, as it does in any trouble that passes."""

    def rename(before, after):
        with contextlib.closing(sqlite3.connect(testbed.state_dir / "postern.db")) as store, store:
            store.execute(f"ALTER TABLE {before} RENAME TO {after}")

    rename("nodes", "nodes_away")
    try:
        yield
    finally:
        # SQLite does not ask again for a table that it has missed once.
        testbed.stop_posternd()
        rename("nodes_away", "nodes")
        testbed.start_posternd()


def test_control_plane_trap_10_trouble_that_passes_is_no_denial(testbed, node):
    """After a denial an agent asks again in half an hour."""
    with nodes_out_of_reach(testbed):
        answer = node.request_role_token()
    assert (answer.status, answer.error_code) == (500, "InternalServerError")
    assert node.request_role_token().status == 200


def test_control_plane_trap_11_only_a_denial_sends_an_agent_back_to_polling(http, testbed, node):
    """It looks for the denial's element in the body."""
    # One that the service has not met yet, and so has to look up.
    other = NodeIdentity.register(testbed)
    denied = http.create_channel("control", other.id, node.credentials())
    assert denied.status == 403 and b"<AccessDeniedException>" in denied.body
    credentials = other.credentials()
    with nodes_out_of_reach(testbed):
        failed = http.create_channel("control", other.id, credentials)
    assert failed.status == 500 and b"<AccessDeniedException>" not in failed.body
    assert http.create_channel("control", other.id, credentials).status == 201


def test_control_plane_trap_43_http_2_is_not_offered(testbed):
    """Agents take it for their calls where it is, and then can't upgrade."""
    for offered, chosen in (["h2", "http/1.1"], "http/1.1"), ([], None):
        context = ssl.create_default_context(cafile=testbed.ca_bundle)
        if offered:
            context.set_alpn_protocols(offered)
        with socket.create_connection(("127.0.0.1", testbed.port), timeout=10) as raw:
            with context.wrap_socket(raw, server_hostname="127.0.0.1") as tls:
                assert tls.selected_alpn_protocol() == chosen


# -- channels


def test_control_plane_trap_14_the_first_frame_is_not_answered(http, testbed, node, control):
    session = start(http, testbed.admin, node)
    message = AgentMessage.decode(control.receive())
    assert message.message_type == "interactive_shell"
    assert json.loads(json.loads(message.payload)["Content"])["SessionId"] == session["SessionId"]


def test_trap_10_and_control_plane_trap_15_the_agent_has_no_client_id_and_the_clients_url(http, testbed, node, control):
    session = start(http, testbed.admin, node)
    with open_agents_end(http, node, session) as agent, open_clients_end(http, session) as client:
        assert "data_channel_ready" not in speak(agent, client), "nobody has asked for it"


def test_trap_11_an_agent_that_asks_is_told_that_its_channels_are_ready(http, testbed, node):
    with open_control_channel(http, testbed, node, node, RequireAcknowledgement=True) as control:
        ready = AgentMessage.decode(control.receive())
        assert (ready.message_type, ready.payload) == ("control_channel_ready", b"{}")
        session = start(http, testbed.admin, node)
        with open_agents_end(http, node, session, RequireAcknowledgement=True) as agent:
            ready = AgentMessage.decode(agent.receive())
            assert (ready.message_type, ready.payload) == ("data_channel_ready", b"{}")
            with open_clients_end(http, session) as client:
                speak(agent, client)


def test_control_plane_trap_44_signs_in_the_id_of_a_session(http, testbed, node, control):
    """It begins with the name of a role's session, and is as it is in paths, and escaped once in what is signed."""
    name = "ann+x=1,y.z@example.com"
    trust = policy({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"})
    role = iam(testbed).create_role(RoleName="signs", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    allowed = policy(statement(action="ssm:StartSession"))
    iam(testbed).put_role_policy(RoleName="signs", PolicyName="p", PolicyDocument=allowed)
    made = sdk(testbed, "sts", testbed.admin).assume_role(RoleArn=role, RoleSessionName=name)["Credentials"]
    credentials = Credentials(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])
    session = start(http, credentials, node)
    assert session["SessionId"].startswith(f"{name}-")
    with open_agents_end(http, node, session) as agent, open_clients_end(http, session) as client:
        speak(agent, client)
