"""echo: from a keystroke to its echo from the far terminal."""

import contextlib
import os
import select
import time

from report import Figure

KEYS = 2000
BLOCK = 50
LIMIT_SECONDS = 10


def measure(here, _rounds):
    """KEYS keystrokes each through three open sessions, in blocks by turns, one key at a time without a pause.

    The far side runs `cat >/dev/null`, so the terminal driver echoes and no program takes part.
    """
    commands = {"postern": here.postern, "ssh": here.ssh_direct, "ssh -J": here.ssh_jump}
    seconds = {name: [] for name in commands}
    with contextlib.ExitStack() as stack:
        terminals = {name: stack.enter_context(here.open(command)) for name, command in commands.items()}
        for terminal in terminals.values():
            terminal.child.expect(here.prompt)
            # The echo of this line is not yet the word that it prints.
            terminal.send("echo rea''dy; exec cat >/dev/null\r")
            terminal.expect(b"ready\r\n")
        for terminal in terminals.values():
            _type_block(terminal.child.child_fd)
        for _ in range(KEYS // BLOCK):
            for name, terminal in terminals.items():
                seconds[name].extend(_type_block(terminal.child.child_fd))
        for terminal in terminals.values():
            terminal.send("\x04")
            terminal.wait_end()
    figures = []
    for percentile in (50, 99):
        ms = {name: _percentile(values, percentile) * 1000 for name, values in seconds.items()}
        figures += [
            Figure(f"echo-p{percentile}", "ms", ms["postern"], ms["ssh -J"], "ssh -J", KEYS),
            Figure(f"echo-p{percentile}-direct", "ms", ms["postern"], ms["ssh"], "ssh", KEYS),
        ]
    return figures


def _type_block(fd):
    taken = [_time_key(fd, b"x", 1) for _ in range(BLOCK)]
    # Ends the line, which is one of at most 4095 bytes; echoed as two bytes and not counted.
    _time_key(fd, b"\r", 2)
    return taken


def _time_key(fd, key, echoed_bytes):
    began = time.perf_counter()
    os.write(fd, key)
    seen = 0
    while seen < echoed_bytes:
        ready, _, _ = select.select([fd], [], [], LIMIT_SECONDS)
        if not ready:
            raise TimeoutError(f"no echo within {LIMIT_SECONDS} s")
        seen += len(os.read(fd, 4096))
    return time.perf_counter() - began


def _percentile(values, percentile):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * percentile // 100)]
