"""start: from the command to the first prompt."""

import time
from statistics import median

from report import Figure
from surroundings import ADDED_ROUND_TRIP

LIMIT_SECONDS = 60


def measure(here, rounds):
    """Each command `rounds` times, and Postern and ssh -J once more at a distance of 80 ms."""
    commands = {
        "postern": here.postern,
        "ssh": here.ssh_direct,
        "ssh -J": here.ssh_jump,
        "aws": here.aws,
        "far postern": here.far_postern,
        "far ssh -J": here.far_ssh_jump,
    }
    seconds = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, command in commands.items():
            taken = _time_one(here, command)
            if number > 0:
                seconds[name].append(taken)
    ms = {name: median(values) * 1000 for name, values in seconds.items()}

    def round_trips(name):
        return (ms[f"far {name}"] - ms[name]) / (ADDED_ROUND_TRIP * 1000)

    return [
        Figure("start", "ms", ms["postern"], ms["ssh -J"], "ssh -J", rounds),
        Figure("start-direct", "ms", ms["postern"], ms["ssh"], "ssh", rounds),
        Figure("start-aws", "ms", ms["aws"], ms["ssh -J"], "ssh -J", rounds),
        Figure("start-far", "ms", ms["far postern"], ms["far ssh -J"], "ssh -J, both through +80 ms", rounds),
        Figure("start-round-trips", "round trips", round_trips("postern"), round_trips("ssh -J"), "ssh -J", rounds),
    ]


def _time_one(here, command):
    began = time.perf_counter()
    with here.open(command) as terminal:
        terminal.child.expect(here.prompt, timeout=LIMIT_SECONDS)
        taken = time.perf_counter() - began
        terminal.send("exit\r")
        terminal.wait_end()
    return taken
