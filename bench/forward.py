"""forward: bulk data through a forwarded port, and the processor time that it costs."""

import contextlib
from statistics import median

import forwards
from report import Figure

MIB = 1024 * 1024
GIB = 1024 * MIB
BYTES = 512 * MIB
# Through AWS's own two ends, at well below 1 MB/s.
OFFICIAL_BYTES = 2 * MIB
OFFICIAL_ROUNDS = 3
MAX_ROUNDS = 7
DIRECTIONS = ("up", "down")
CONNECTIONS = (1, 8)
# A part of ours, and what does its work when ssh goes through a jump host.
PARTS = {"client": "ssh, both processes", "posternd": "jump sshd", "agent": "node's sshd"}


def measure(here, rounds):
    """BYTES in all a transfer, over one connection and over eight; `up` is from the client to the node.

    Every forward is opened once and stays. Speed is bytes by the time from the first connect to the last byte's arrival (a byte
    in answer, for `up`). Processor time is that of all processes of a program; the two ends that only count are left out.
    """
    rounds = min(rounds, MAX_ROUNDS)
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(forwards.BulkServer())
        programs = {
            "postern": forwards.open_postern(here, server.port),
            "ssh": forwards.open_ssh(here, server.port, via_jump=False),
            "ssh -J": forwards.open_ssh(here, server.port, via_jump=True),
        }
        for forward in programs.values():
            stack.enter_context(forward)
        samples = _interleaved(programs, rounds, BYTES)
        if here.official_agent:
            official = stack.enter_context(forwards.open_official(here, server.port))
            samples |= _interleaved({"official": official}, OFFICIAL_ROUNDS, OFFICIAL_BYTES)
    return list(_figures(samples, rounds))


def _interleaved(programs, rounds, count):
    """(program, direction, connections) to its samples: (MiB/s, seconds of processor time a GiB by part)."""
    samples = {}
    for number in range(rounds + 1):
        for direction in DIRECTIONS:
            for connections in CONNECTIONS:
                for name, forward in programs.items():
                    sample = _sample(forward, direction, connections, count)
                    if number > 0:
                        samples.setdefault((name, direction, connections), []).append(sample)
    return samples


def _sample(forward, direction, connections, count):
    before = forward.cpu_seconds()
    seconds = forward.transfer(direction, connections, count)
    after = forward.cpu_seconds()
    return count / MIB / seconds, {part: (after[part] - before[part]) / (count / GIB) for part in after}


def _figures(samples, rounds):
    for direction in DIRECTIONS:
        for connections in CONNECTIONS:
            case = f"{direction}-{connections}"

            def speed(name):
                return median(rate for rate, _ in samples[name, direction, connections])

            def cpu(name, part=None):
                spent = (parts for _, parts in samples[name, direction, connections])
                return median(parts[part] if part else sum(parts.values()) for parts in spent)

            yield Figure(f"forward-{case}", "MiB/s", speed("postern"), speed("ssh -J"), "ssh -J", rounds)
            yield Figure(f"forward-{case}-direct", "MiB/s", speed("postern"), speed("ssh"), "ssh", rounds)
            yield Figure(f"forward-{case}-cpu", "CPU s/GiB", cpu("postern"), cpu("ssh -J"), "ssh -J, all processes", rounds)
            for part, peer in PARTS.items():
                yield Figure(f"forward-{case}-cpu-{part}", "CPU s/GiB", cpu("postern", part), cpu("ssh -J", part), peer, rounds)
            yield Figure(f"forward-{case}-cpu-direct", "CPU s/GiB", cpu("postern"), cpu("ssh"), "ssh, all processes", rounds)
            if ("official", direction, connections) in samples:
                name, count = "AWS's plugin and agent through posternd", OFFICIAL_ROUNDS
                yield Figure(f"forward-{case}-official", "MiB/s", speed("postern"), speed("official"), name, count)
                yield Figure(f"forward-{case}-cpu-official", "CPU s/GiB", cpu("postern"), cpu("official"), name, count)
