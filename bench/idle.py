"""idle-nodes and idle-sessions: what posternd holds for those who do nothing."""

import contextlib
import subprocess

from memory import KIB_PER_MIB, Server, settled
from report import Figure
from support.postern_testbed import Testbed, binary_directory

NODES = 10_000
SESSIONS = 1_000
SESSION_NODES = 100
# What is there before counting begins, so that what is allocated once does not count.
WARM_UP = 20
NODES_AN_ACTIVATION = 1000
TARGET = "postern-bench-load"


def measure_nodes(_here, _rounds):
    """NODES control channels, each that of a registered node of its own, on a posternd of their own.

    The nodes are simulated by one program that makes the agent's own calls and connections over TLS; each answers pings and
    sends its own. What posternd's memory grew by from WARM_UP nodes on is divided by their number. There is no peer: an sshd holds
    no connection for which nobody works, and a session of one is measured by `memory`.
    """
    with _Loaded() as load:
        load.add_nodes(WARM_UP)
        before = load.memory()
        load.add_nodes(NODES)
        return list(_figures("idle-nodes", before, load.memory(), NODES))


def measure_sessions(_here, _rounds):
    """SESSIONS sessions over SESSION_NODES nodes, both ends simulated, each past its first prompt; as for nodes."""
    with _Loaded() as load:
        load.add_nodes(SESSION_NODES)
        load.add_sessions(WARM_UP)
        before = load.memory()
        load.add_sessions(SESSIONS)
        return list(_figures("idle-sessions", before, load.memory(), SESSIONS))


def missing_program():
    """How to build the load generator when that has not been done."""
    if not _program().exists():
        return f"not built: {_program()}. Run script/build release {TARGET}."
    return None


def _program():
    # Beside src/cmd in the same build.
    return binary_directory().parents[1] / "bench" / TARGET


class _Loaded:
    """A posternd and the load generator. Context manager."""

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            # One user starts them all.
            self._testbed = stack.enter_context(Testbed(settings="[limits]\nsessions_per_user = 2000\n"))
            admin = self._testbed.admin
            self._process = subprocess.Popen(
                [str(_program()), self._testbed.endpoint, str(self._testbed.ca_bundle)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env={
                    **self._testbed.machine_environment(),
                    "AWS_ACCESS_KEY_ID": admin.access_key_id,
                    "AWS_SECRET_ACCESS_KEY": admin.secret_access_key,
                },
            )
            stack.callback(self._end)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *failure):
        return self._stack.__exit__(*failure)

    def _end(self):
        self._process.stdin.close()
        self._process.wait(60)

    def add_nodes(self, count):
        for start in range(0, count, NODES_AN_ACTIVATION):
            number = min(NODES_AN_ACTIVATION, count - start)
            activation = self._testbed.create_activation(limit=number)
            self._command("nodes", number, activation["ActivationId"], activation["ActivationCode"])

    def add_sessions(self, count):
        self._command("sessions", count)

    def _command(self, *words):
        self._process.stdin.write(" ".join(map(str, words)) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if answer.split() != [str(word) for word in words[:2]]:
            raise RuntimeError(f"{TARGET} failed at: {words[0]} {words[1]}")

    def memory(self):
        servers = {"posternd": Server(self._testbed.posternd.pid, "posternd")}
        return settled(servers)["posternd"]


def _figures(name, before, after, count):
    grown = after - before
    for kind in ("rss", "pss"):
        yield Figure(f"{name}-{kind}", "KiB", getattr(grown, kind) / count, None, f"each of {count}", count)
        yield Figure(f"{name}-total-{kind}", "MiB", getattr(after, kind) / KIB_PER_MIB, None, "posternd in all", 1)
