"""exec: one command on the node, from nothing to its end."""

import subprocess
import time
from statistics import median

from report import Figure

LIMIT_SECONDS = 60


def measure(here, rounds):
    """`true` on the node, each program `rounds` times; no terminal, no connection that was there before."""
    commands = {
        "postern": [here.testbed.program("postern"), "exec", here.node.name, "--", "true"],
        "ssh": here.ssh.command("true"),
        "ssh -J": here.ssh.command("true", via_jump=True),
    }
    seconds = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, command in commands.items():
            taken = _time_one(here, command)
            if number > 0:
                seconds[name].append(taken)
    ms = {name: median(values) * 1000 for name, values in seconds.items()}
    return [
        Figure("exec", "ms", ms["postern"], ms["ssh -J"], "ssh -J", rounds),
        Figure("exec-direct", "ms", ms["postern"], ms["ssh"], "ssh", rounds),
    ]


def _time_one(here, command):
    began = time.perf_counter()
    subprocess.run(
        command, env=here.testbed.client_environment(), stdin=subprocess.DEVNULL, check=True, timeout=LIMIT_SECONDS
    )
    return time.perf_counter() - began
