"""memory: what the programs hold, idle and for each idle session."""

import contextlib

from report import Figure
from support.processes import Memory, descendants, executable_of, memory_of, name_of
from support.wait import wait_until

SESSIONS = 10
KIB_PER_MIB = 1024
SETTLE_SECONDS = 60


def measure(here, _rounds):
    """Resident and proportional memory from smaps_rollup, of a program and its workers; shells are left out.

    First idle, after one session has come and gone, so that nobody shines by what it has not yet loaded. Then with
    SESSIONS idle sessions through each, and the difference divided by their number.
    """
    servers = {
        "agent": Server(here.node.process.pid, "postern-agent"),
        "posternd": Server(here.testbed.posternd.pid, "posternd"),
        "sshd": Server(here.ssh.node.pid, "sshd"),
        "jump sshd": Server(here.ssh.jump.pid, "sshd"),
    }
    with contextlib.ExitStack() as stack:
        _open_sessions(here, stack, 1)
    _wait_until_gone(servers)
    idle = settled(servers)
    with contextlib.ExitStack() as stack:
        _open_sessions(here, stack, SESSIONS)
        busy = settled(servers)
        workers = {name: server.worker_count() for name, server in servers.items()}
    for name in ("agent", "sshd", "jump sshd"):
        if workers[name] < SESSIONS:
            raise RuntimeError(f"{name} has {workers[name]} workers for {SESSIONS} sessions")

    figures = []
    pairs = [("agent", "sshd", "sshd, listening"), ("posternd", "jump sshd", "jump host's sshd, listening")]
    for ours, peer, peer_name in pairs:
        figures += _figures(f"memory-{ours}-idle", idle[ours], idle[peer], peer_name, 1)
    if here.official_agent:
        official = here.official_agent.memory()
        figures += _figures("memory-agent-idle-official", idle["agent"], official, "amazon-ssm-agent and its worker", 1)
    for ours, peer, peer_name in pairs:
        grown = {name: busy[name] - idle[name] for name in (ours, peer)}
        name = peer_name.split(",")[0]
        figures += _figures(f"memory-{ours}-session", grown[ours], grown[peer], f"{name}, a session", SESSIONS)
    return figures


class Server:
    """A program and the processes of the same program below it."""

    def __init__(self, pid, executable):
        self._pid = pid
        self._executable = executable

    def _workers(self):
        return [p.pid for p in descendants(self._pid) if executable_of(p.pid) == self._executable]

    def worker_count(self):
        """Without the process that starts workers, which an agent always has."""
        return sum(name_of(pid) != "worker-starter" for pid in self._workers())

    def memory(self):
        return memory_of([self._pid, *self._workers()])


def _open_sessions(here, stack, count):
    for command in (here.postern, here.ssh_jump):
        for _ in range(count):
            stack.enter_context(here.open(command)).child.expect(here.prompt)


def _wait_until_gone(servers):
    wait_until(lambda: not any(s.worker_count() for s in servers.values()), SETTLE_SECONDS, "the first sessions' end")


def settled(servers):
    """Each server's memory once it has stopped changing: the resident one, since others' comings and goings change the share in a
    common page."""
    seen = []

    def unchanged():
        seen.append({name: server.memory() for name, server in servers.items()})
        resident = [{name: memory.rss for name, memory in values.items()} for values in seen[-5:]]
        return len(resident) == 5 and all(values == resident[0] for values in resident)

    wait_until(unchanged, SETTLE_SECONDS, "memory to settle", 0.2)
    return seen[-1]


def _figures(name, ours: Memory, peer: Memory, peer_name, divisor):
    return [
        Figure(
            f"{name}-{kind}",
            "MiB",
            getattr(ours, kind) / divisor / KIB_PER_MIB,
            getattr(peer, kind) / divisor / KIB_PER_MIB,
            peer_name,
            divisor,
        )
        for kind in ("rss", "pss")
    ]
