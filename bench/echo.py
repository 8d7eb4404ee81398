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
        keyboards = {name: stack.enter_context(Keyboard(here, command)) for name, command in commands.items()}
        for _ in range(KEYS // BLOCK):
            for name, keyboard in keyboards.items():
                seconds[name].extend(keyboard.type_block())
    figures = []
    for percentile in (50, 99):
        ms = {name: percentile_of(values, percentile) * 1000 for name, values in seconds.items()}
        figures += [
            Figure(f"echo-p{percentile}", "ms", ms["postern"], ms["ssh -J"], "ssh -J", KEYS),
            Figure(f"echo-p{percentile}-direct", "ms", ms["postern"], ms["ssh"], "ssh", KEYS),
        ]
    return figures


class Keyboard:
    """A session into which keys are typed, one after the other's echo. Context manager; warm once it is entered."""

    def __init__(self, here, command):
        self._here = here
        self._command = command

    def __enter__(self):
        self._terminal = self._here.open(self._command)
        try:
            self._terminal.child.expect(self._here.prompt)
            # The echo of this line is not yet the word that it prints.
            self._terminal.send("echo rea''dy; exec cat >/dev/null\r")
            self._terminal.expect(b"ready\r\n")
            self.type_block()
        except BaseException:
            self._terminal.__exit__()
            raise
        return self

    def __exit__(self, failure, *_):
        with self._terminal:
            if failure is None:
                self._terminal.send("\x04")
                self._terminal.wait_end()

    def type_block(self):
        """The seconds that each of BLOCK keys took."""
        fd = self._terminal.child.child_fd
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


def percentile_of(values, percentile):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * percentile // 100)]
