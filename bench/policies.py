"""revocation and start-rate: what policies cost, and how soon a change of them counts."""

import contextlib
import json
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from report import Figure

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests/e2e"))

from control_channel import open_control_channel  # noqa: E402
from node_identity import NodeIdentity  # noqa: E402
from support.agent_message import AgentMessage  # noqa: E402
from support.aws_clients import client  # noqa: E402
from support.aws_http import AwsHttp  # noqa: E402
from support.postern_testbed import Credentials, Testbed  # noqa: E402
from support.postgres import Postgres  # noqa: E402
from support.wait import wait_until  # noqa: E402
from support.web_socket import WebSocket  # noqa: E402

ROUNDS = 200
START_SECONDS = 10
CLIENTS = 4
USER = "operator"
CHANNEL_CLOSED = "channel_closed"

# As session users have them: 50 statements in five policies, of which the last Allow is the one.
STATEMENTS = 10
POLICIES = 5


def measure_revocation(_here, _rounds):
    """From the moment at which DetachUserPolicy is sent to the moment at which the person's program reads that the session is
    over, over TLS on loopback, with a real agent. 200 sessions one after the other, on a posternd of their own. There is no peer:
    what sshd has let in stays.
    """
    with _Policies() as here:
        here.detach()
        taken = sorted(here.revoke_one() for _ in range(ROUNDS))
    return [
        Figure("revocation-p50", "ms", taken[ROUNDS // 2] * 1000, None, "detach to session closed", ROUNDS),
        Figure("revocation-p99", "ms", taken[ROUNDS * 99 // 100] * 1000, None, "detach to session closed", ROUNDS),
    ]


def measure_start_rate(_here, _rounds):
    """StartSession requests a second that are answered, by a user with 50 statements, CLIENTS connections at once, each request
    signed and sent by Python, which takes part of the same processor; each session is ended by a further request, which is
    not counted. The node is a control channel that starts nothing, and no client opens its session: what is measured is the
    service, once with SQLite and once with a PostgreSQL of Debian's on this machine. With both each session is on disk before it
    is answered.
    """
    limits = "[limits]\nsessions_per_node = 900\nsessions_per_user = 1000000\nsessions = 1000000\n"
    figures = []
    with Postgres(durable=True) as server:
        for engine, settings in (("sqlite", limits), ("postgresql", f'{limits}[store]\nurl = "{server.url()}"\n')):
            with _Policies(settings=settings, agent=False) as here:
                rate, count = here.start_for(START_SECONDS)
            figures.append(Figure(f"start-rate-{engine}", "1/s", rate, None, "StartSession with 50 statements", count))
    return figures


def _statements(number):
    return {
        "Version": "2012-10-17",
        "Statement": [
            statement
            for index in range(STATEMENTS // 2)
            for statement in (
                {
                    "Effect": "Allow",
                    "Action": ["ssm:ResumeSession", "ssm:TerminateSession"],
                    "Resource": f"arn:aws:ssm:*:*:session/${{aws:username}}-{number}-{index}*",
                },
                {
                    "Effect": "Allow",
                    "Action": "ssm:StartSession",
                    "Resource": "arn:aws:ec2:*:*:instance/*",
                    "Condition": {"StringEquals": {"ec2:ResourceTag/Team": f"team-{number}-{index}"}},
                },
            )
        ],
    }


class _Policies:
    """A posternd with one node, an agent or its control channel alone, and a user with policies. Context manager."""

    def __init__(self, settings="", agent=True):
        self._settings = settings
        self._agent = agent

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self._testbed = stack.enter_context(Testbed(settings=self._settings))
            last = f"team-{POLICIES - 1}-{STATEMENTS // 2 - 1}"
            self._node = self._add_node(stack, {"Team": last})
            self._iam = client(self._testbed, "iam", self._testbed.admin)
            self._iam.create_user(UserName=USER)
            key = self._iam.create_access_key(UserName=USER)["AccessKey"]
            self._credentials = Credentials(key["AccessKeyId"], key["SecretAccessKey"])
            for number in range(POLICIES):
                made = self._iam.create_policy(PolicyName=f"p{number}", PolicyDocument=json.dumps(_statements(number)))
                self._policy = made["Policy"]["Arn"]
                self._iam.attach_user_policy(UserName=USER, PolicyArn=self._policy)
            self._ssm = client(self._testbed, "ssm", self._credentials)
            self._http = AwsHttp(self._testbed.endpoint, self._testbed.ca_bundle)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self._stack.close()

    def _add_node(self, stack, tags):
        if self._agent:
            return self._testbed.add_node("web", tags)
        http = AwsHttp(self._testbed.endpoint, self._testbed.ca_bundle)
        node, answer = NodeIdentity.try_register(self._testbed, self._testbed.create_activation(tags))
        node.id = answer.json()["InstanceId"]
        channel = stack.enter_context(open_control_channel(http, self._testbed, node, node))
        # What it is sent is read, and nothing comes of it.
        threading.Thread(target=channel.closed, daemon=True).start()
        wait_until(lambda: self._testbed.is_connected(node.id), 10, "the node connected")
        return node

    def detach(self):
        self._iam.detach_user_policy(UserName=USER, PolicyArn=self._policy)

    def revoke_one(self):
        """Seconds."""
        self._iam.attach_user_policy(UserName=USER, PolicyArn=self._policy)
        session = self._ssm.start_session(Target=self._node.id)
        with WebSocket(session["StreamUrl"], self._http.tls) as person:
            person.send_json(
                {"MessageSchemaVersion": "1.0", "RequestId": "r", "TokenValue": session["TokenValue"], "ClientId": "c", "ClientVersion": "1.2.0.0"}
            )
            # Until the shell has said something.
            _read_until(person, lambda message: message.message_type == "output_stream_data")
            closed = []
            reader = threading.Thread(target=lambda: closed.append(_read_closed(person)))
            reader.start()
            sent = time.perf_counter()
            self.detach()
            reader.join()
        return closed[0] - sent

    def start_for(self, seconds):
        """Answered requests a second, and how many there were."""
        end = time.perf_counter() + seconds

        def work(_):
            ssm = client(self._testbed, "ssm", self._credentials)
            count = 0
            while time.perf_counter() < end:
                started = ssm.start_session(Target=self._node.id)["SessionId"]
                ssm_admin.terminate_session(SessionId=started)
                count += 1
            return count

        ssm_admin = client(self._testbed, "ssm", self._testbed.admin)
        began = time.perf_counter()
        with ThreadPoolExecutor(CLIENTS) as pool:
            count = sum(pool.map(work, range(CLIENTS)))
        return count / (time.perf_counter() - began), count


def _read_until(web_socket, wanted):
    while True:
        if wanted(AgentMessage.decode(web_socket.receive())):
            return


def _read_closed(web_socket):
    _read_until(web_socket, lambda message: message.message_type == CHANNEL_CLOSED)
    return time.perf_counter()
