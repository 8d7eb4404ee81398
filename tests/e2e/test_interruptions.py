"""A gibibyte and a shell while posternd is killed twenty times, each end's connection cut, and the agent killed: nothing is lost,
nothing doubled.

The client is cut off and not killed: what it forwards are connections of its own, which nothing could hand to the next. That
its node cleans up after it, and that a new one works, is in test_exec.py and test_survival.py.
"""

import hashlib
import itertools
import os
import signal
import socket
import threading

import pytest
from support.byte_servers import BLOCK, echo_server
from support.forward import Forward
from support.tcp_proxy import TcpProxy
from support.terminal import Terminal
from support.wait import wait_until

TOTAL_BYTES = 1 << 30
KILLS = 20
LINES_BETWEEN = 40
# Twenty starts of a program with sanitizers take their time.
TEST_SECONDS = 900


@pytest.fixture
def ends(testbed):
    """A node, and a client's environment, each behind a proxy of its own."""
    signal.alarm(TEST_SECONDS)
    with TcpProxy(("127.0.0.1", testbed.port)) as agent_proxy, TcpProxy(("127.0.0.1", testbed.port)) as client_proxy:
        node = testbed.add_node(f"far-{agent_proxy.port}", endpoint=f"https://127.0.0.1:{agent_proxy.port}")
        testbed.write_profile("far", testbed.admin, f"https://127.0.0.1:{client_proxy.port}")
        yield node, testbed.client_environment("far"), agent_proxy, client_proxy
        node.stop()


def interruptions(testbed, node, agent_proxy, client_proxy):
    """What to do, one after the other: half the kills, both cuts and the agent's end, the other half."""

    def kill_posternd():
        testbed.posternd.kill()
        testbed.posternd.wait()
        testbed.start_posternd()

    def cut(proxy):
        proxy.cut()
        proxy.restore()

    def kill_agent():
        node.kill()
        node.run()
        wait_until(lambda: "session_adopted" in testbed.log(node.process.log_name), 30, "the next agent has the session", 0.05)

    yield from itertools.repeat(kill_posternd, KILLS // 2)
    yield lambda: cut(agent_proxy)
    yield lambda: cut(client_proxy)
    yield kill_agent
    yield from itertools.repeat(kill_posternd, KILLS - KILLS // 2)


def blocks():
    """TOTAL_BYTES in which no two blocks are alike, so that a lost, doubled or displaced one shows."""
    filling = os.urandom(BLOCK - 8)
    for number in range(TOTAL_BYTES // BLOCK):
        yield number.to_bytes(8, "big") + filling


def test_a_gibibyte_through_a_forward(testbed, ends):
    """Both ways at once: what is sent up comes back down."""
    node, environment, agent_proxy, client_proxy = ends
    sent, received, count = hashlib.sha256(), hashlib.sha256(), 0
    with echo_server() as server:
        command = [testbed.program("postern"), "forward", node.name, "-L", f"127.0.0.1:0:127.0.0.1:{server.port}"]
        with Forward(command, environment, r"127\.0\.0\.1:(\d+)") as through:
            with socket.create_connection(("127.0.0.1", through.port), timeout=120) as connection:

                def send():
                    for block in blocks():
                        sent.update(block)
                        connection.sendall(block)
                    connection.shutdown(socket.SHUT_WR)

                sender = threading.Thread(target=send, daemon=True)
                sender.start()
                todo = list(interruptions(testbed, node, agent_proxy, client_proxy))
                every = TOTAL_BYTES // (len(todo) + 1)
                for number, interrupt in enumerate([*todo, None], start=1):
                    end = number * every if interrupt else TOTAL_BYTES + 1
                    while count < end and (block := connection.recv(BLOCK)):
                        received.update(block)
                        count += len(block)
                    if interrupt:
                        interrupt()
                sender.join(60)
    assert count == TOTAL_BYTES
    assert received.hexdigest() == sent.hexdigest()


def test_an_interactive_shell(testbed, ends):
    node, environment, agent_proxy, client_proxy = ends
    command = [testbed.program("postern"), "start-session", node.id]
    with Terminal(command, env=environment, timeout=60) as shell:
        shell.settle()
        todo = list(interruptions(testbed, node, agent_proxy, client_proxy))
        total = LINES_BETWEEN * (len(todo) + 1)
        shell.send(f"variable=kept; for i in $(seq {total}); do echo n$i; sleep 0.01; done; read line; echo \"got $line\"\r")
        printed = b""
        for number, interrupt in enumerate(todo, start=1):
            last = b"n%d\r\n" % (number * LINES_BETWEEN)
            printed += shell.expect(last, timeout=60) + last
            interrupt()
        shell.send("typed\r")
        printed += shell.expect(b"got typed\r\n", timeout=60)
        lines = [line for line in printed.split(b"\r\n") if line.startswith(b"n")]
        assert lines == [b"n%d" % i for i in range(1, total + 1)]
        shell.expect(shell.prompt)
        assert shell.run("echo $variable") == "kept"
        shell.send("exit\r")
        shell.wait_end()
    assert shell.exit_status == 0
