"""A program that forwards ports, from its start to its end."""

import os
import re
import signal
import subprocess
import tempfile

from .wait import wait_until

START_SECONDS = 30
MAX_LOG_BYTES = 1024 * 1024


class Forward:
    """`postern forward`, or the AWS CLI with a plugin. Context manager; `ready` matches what it says once it listens.

    The groups of that match are in `ports`, as numbers.
    """

    def __init__(self, command, env, ready):
        self._log = tempfile.TemporaryFile()
        self._ready = ready
        self.process = subprocess.Popen(
            [str(part) for part in command],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            process_group=0,
        )
        self.ports = ()

    def __enter__(self):
        try:
            match = wait_until(self._is_ready, START_SECONDS, f"{self._ready} of {self.process.args}", 0.02)
        except BaseException:
            self.__exit__()
            raise
        self.ports = tuple(int(port) for port in match.groups())
        return self

    @property
    def port(self):
        return self.ports[0]

    def _is_ready(self):
        said = self.said()
        if self.process.poll() is not None:
            raise RuntimeError(f"{self.process.args} ended with {self.process.returncode}: {said}")
        return re.search(self._ready, said, re.DOTALL)

    def said(self):
        """Everything it has printed so far."""
        # Not by seeking: the program writes where the shared offset is.
        return os.pread(self._log.fileno(), MAX_LOG_BYTES, 0).decode(errors="replace")

    def wait_said(self, text, timeout=20):
        wait_until(lambda: text in self.said(), timeout, f"{text!r} in what the forward says:\n{self.said()}")

    def interrupt(self):
        """Ctrl-C, which a terminal sends to all of a program's processes."""
        os.killpg(self.process.pid, signal.SIGINT)

    def __exit__(self, *_):
        if self.process.poll() is None:
            # The AWS CLI would leave its plugin behind.
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        self._log.close()
