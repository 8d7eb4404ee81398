"""A node's control channel made by hand."""

import uuid

from support.aws_http import sign, token_of
from support.web_socket import WebSocket


def control_url(testbed, node_id):
    return f"wss://127.0.0.1:{testbed.port}/v1/control-channel/{node_id}?role=subscribe&stream=input"


def signed_upgrade(url, credentials):
    return sign(credentials, "GET", url.replace("wss://", "https://"), {}, b"", "ssmmessages")


def open_control_channel(http, testbed, node, token_owner, token=None, **members):
    """The channel of `node`, opened with a token that `token_owner` was given; `members` are added to the first frame."""
    token = token or token_of(http.create_channel("control", token_owner.id, token_owner.credentials()))
    url = control_url(testbed, node.id)
    channel = WebSocket(url, http.tls, signed_upgrade(url, node.credentials()))
    channel.send_json(
        {
            "Cookie": None,
            "MessageSchemaVersion": "1.0",
            "RequestId": str(uuid.uuid4()),
            "TokenValue": token,
            "AgentVersion": "3.3.987.0",
            "PlatformType": "linux",
            **members,
        }
    )
    return channel
