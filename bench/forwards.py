"""Port forwards that stay open, one a program, and the bulk data that goes through them."""

import contextlib
import subprocess
import sys
import tempfile
from pathlib import Path

from support import processes
from support.postern_testbed import DEBIAN_AWS
from support.sshd import free_port
from support.wait import wait_until

BULK = [sys.executable, str(Path(__file__).resolve().parent / "bulk.py")]
OPEN_SECONDS = 60


class BulkServer:
    """The far end of every transfer: what the nodes connect to. Context manager."""

    def __enter__(self):
        self._process = subprocess.Popen([*BULK, "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self._process.stdout.readline())
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.wait(10)


class Forward:
    """A local port that leads to the bulk server through one program. Context manager.

    `parts` names the processes whose processor time is counted: a name to (pid, executables), see processes.cpu_seconds;
    None stands for the forwarding client itself.
    """

    def __init__(self, command, port, parts, env=None):
        self.port = port
        self._parts = parts
        self._log = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            [str(part) for part in command], env=env, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log
        )

    def __enter__(self):
        try:
            wait_until(self._listens, OPEN_SECONDS, f"a forward on port {self.port}", 0.05)
        except BaseException:
            self.__exit__()
            raise
        return self

    def _listens(self):
        if self._process.poll() is not None:
            self._log.seek(0)
            said = self._log.read().decode(errors="replace")
            raise RuntimeError(f"{self._process.args[0]} ended with {self._process.returncode}: {said}")
        return is_listening(self.port)

    @property
    def pid(self):
        return self._process.pid

    def __exit__(self, *_):
        below = [process.pid for process in processes.descendants(self._process.pid)]
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for pid in below:
            processes.kill(pid)
        self._log.close()

    def cpu_seconds(self):
        """Of each part."""
        return {
            name: processes.cpu_seconds(pid or self._process.pid, executables)
            for name, (pid, executables) in self._parts.items()
        }

    def transfer(self, direction, connections, count):
        """Moves `count` bytes; returns the seconds it took."""
        done = subprocess.run(
            [*BULK, "transfer", str(self.port), direction, str(connections), str(count)],
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            raise RuntimeError(f"a transfer through {self._process.args[0]}: {done.stderr}")
        return float(done.stdout)

    @contextlib.contextmanager
    def loaded(self, direction):
        """A transfer that does not end by itself goes on meanwhile."""
        before = sum(self.cpu_seconds().values())
        process = subprocess.Popen(
            [*BULK, "transfer", str(self.port), direction, "1", str(1 << 60)], stderr=subprocess.DEVNULL
        )
        try:
            wait_until(lambda: sum(self.cpu_seconds().values()) > before + 0.1, OPEN_SECONDS, "the transfer under way")
            yield
            if process.poll() is not None:
                raise RuntimeError("the transfer ended by itself")
        finally:
            process.kill()
            process.wait()
        self._wait_quiet()

    def _wait_quiet(self):
        """Until what the transfer left on its way has gone."""
        seen = []

        def quiet():
            seen.append(sum(self.cpu_seconds().values()))
            return len(seen) > 3 and seen[-1] - seen[-4] < 0.02

        wait_until(quiet, OPEN_SECONDS, "the programs at rest", 0.1)


def is_listening(port):
    """Whether somebody listens on a port of loopback, without connecting to it: that would open a stream."""
    wanted = {f"{address}:{port:04X}" for address in ("0100007F", "00000000")}
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, _, state = line.split()[:4]
        if state == "0A" and local in wanted:
            return True
    return False


def open_postern(here, target_port):
    port = free_port()
    command = [here.testbed.program("postern"), "forward", here.node.name, "-L", f"127.0.0.1:{port}:127.0.0.1:{target_port}"]
    parts = {
        "client": (None, None),
        "posternd": (here.testbed.posternd.pid, None),
        "agent": (here.node.process.pid, {"postern-agent"}),
    }
    return Forward(command, port, parts, here.testbed.client_environment())


def open_ssh(here, target_port, via_jump):
    port = free_port()
    options = ("-N", "-L", f"127.0.0.1:{port}:127.0.0.1:{target_port}")
    command = here.ssh.command(via_jump=via_jump, options=options)
    parts = {"client": (None, None), "agent": (here.ssh.node.pid, {"sshd"})}
    if via_jump:
        parts["posternd"] = (here.ssh.jump.pid, {"sshd"})
    return Forward(command, port, parts)


def open_official(here, target_port):
    """The AWS CLI with AWS's plugin, to AWS's agent."""
    port = free_port()
    command = here.testbed.aws_command(
        *("ssm", "start-session", "--target", here.official_agent.id),
        *("--document-name", "AWS-StartPortForwardingSession"),
        *("--parameters", f"portNumber={target_port},localPortNumber={port}"),
        aws=DEBIAN_AWS,
    )
    environment = here.testbed.client_environment()
    environment["PATH"] = f"{here.official_dir}:{environment['PATH']}"
    environment["SSL_CERT_FILE"] = str(here.testbed.ca_bundle)
    parts = {
        "client": (None, {"session-manager-plugin"}),
        "posternd": (here.testbed.posternd.pid, None),
        "agent": (here.official_agent.process.pid, None),
    }
    return Forward(command, port, parts, environment)
