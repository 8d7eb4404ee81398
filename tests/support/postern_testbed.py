"""A whole Postern on loopback: posternd, nodes and an AWS profile, in a directory of its own, gone afterwards.

What tests, benchmarks and the demo know about starting the programs is here and nowhere else.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from . import processes
from .wait import wait_until

ROOT = Path(__file__).resolve().parents[2]
REGION = "us-east-1"
PROFILE = "postern"
DEBIAN_AWS = "/usr/bin/aws"

START_SECONDS = 15
CONNECT_SECONDS = 15
STOP_SECONDS = 10

# What posternd says once it serves, and what it says once in its life.
LISTENING = re.compile(r"https://(?:127\.0\.0\.1|localhost):(?P<port>[1-9]\d*)")
ACCESS_KEY_ID = re.compile(r"\b(AKIA[A-Z0-9]{16})\b")
NODE_ID = re.compile(r"\bmi-[0-9a-f]{17}\b")
SECRET_ACCESS_KEY = re.compile(r"(?i)secret[^\n]*?[\s:=\"]([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+])")
# How a program that was built with sanitizers begins what it found.
SANITIZER_REPORT = re.compile(r"ERROR: (?:Address|Thread)Sanitizer|LeakSanitizer: detected|runtime error: |WARNING: ThreadSanitizer")


def binary_directory():
    """Where the programs are: POSTERN_BIN_DIR, or the release build."""
    return Path(os.environ.get("POSTERN_BIN_DIR", ROOT / "build/release/src/cmd"))


def missing_programs():
    """Names of the programs that a testbed needs and that have not been built."""
    directory = binary_directory()
    return [name for name in ("posternd", "postern-agent", "postern") if not (directory / name).exists()]


def other_aws():
    """The first AWS CLI in PATH that isn't Debian's (commonly version 1, from pip), or None."""
    for directory in os.environ.get("PATH", "").split(os.pathsep):
        candidate = Path(directory) / "aws"
        if os.access(candidate, os.X_OK) and not candidate.samefile(DEBIAN_AWS):
            return str(candidate)
    return None


@dataclass(frozen=True)
class Credentials:
    access_key_id: str
    secret_access_key: str
    session_token: str = ""


@dataclass(frozen=True)
class AwsError(Exception):
    """The AWS CLI ended with an error; `code` is the service's, such as TargetNotConnected, or empty."""

    code: str
    text: str

    def __str__(self):
        return self.text


def aws_result(status, output, errors):
    """What the AWS CLI has printed, parsed (None when that is nothing); raises AwsError unless its status is 0."""
    if status != 0:
        code = re.search(r"An error occurred \(([^)]+)\)", errors)
        raise AwsError(code[1] if code else "", errors)
    return json.loads(output) if output.strip() else None


@dataclass
class Node:
    """A registered node. `process` is None while its agent is not running."""

    testbed: "Testbed"
    name: str
    state_dir: Path
    id: str = ""
    process: subprocess.Popen = None
    starts: int = field(default=0, repr=False)

    def run(self, command=None, env=None):
        """Starts the agent without waiting for its connection. `command` and `env`: in other surroundings than usual."""
        self.starts += 1
        self.process = self.testbed.spawn(
            f"agent-{self.name}-{self.starts}",
            command or [self.testbed.program("postern-agent"), "run", "--state-dir", self.state_dir],
            env=env or self.testbed.machine_environment(),
        )

    def stop(self):
        self.testbed.stop_process(self.process)

    def kill(self):
        """The agent alone, as a crash would: its workers are not told."""
        self.process.kill()
        self.process.wait()

    def wait_connected(self, timeout=CONNECT_SECONDS):
        wait_until(lambda: self.testbed.is_connected(self.id), timeout, f"{self.name} ({self.id}) connected", 0.05)

    def wait_disconnected(self, timeout=CONNECT_SECONDS):
        wait_until(lambda: not self.testbed.is_connected(self.id), timeout, f"{self.name} not connected", 0.05)


class Testbed:
    """Context manager: posternd running with an administrator's profile; nodes are added as needed.

    Everything lives in one temporary directory, removed at the end unless POSTERN_KEEP is set. Processes that had to be
    killed because they ignored SIGTERM are named in `unclean`. Leaving the context fails when a program's sanitizer found
    something that check_sanitizers() has not reported yet.
    """

    __test__ = False  # not a test class, whatever pytest makes of the name

    def __init__(self, aws=DEBIAN_AWS, port=0, settings=""):
        """`settings`: lines of TOML for posternd's configuration; `port` 0: a free one."""
        self.aws_program = aws
        self._settings = settings
        self.root = Path(tempfile.mkdtemp(prefix="postern-testbed-"))
        self.state_dir = self.root / "posternd"
        self.log_dir = self.root / "log"
        self.home = self.root / "home"
        self.bin_dir = self.root / "bin"
        self.port = port
        self.admin = None
        self.posternd = None
        self.unclean = []
        self.nodes = []
        self._running = []
        self._starts = 0
        self._reported = set()

    # -- life

    def __enter__(self):
        try:
            for directory in (self.state_dir, self.log_dir, self.home, self.bin_dir):
                directory.mkdir(mode=0o700)
            self._link_programs()
            self.start_posternd()
            self.write_profile(PROFILE, self.admin)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, failure, *_):
        self.stop()
        try:
            if failure is None:
                self.check_sanitizers()
        finally:
            self._remove()

    def close(self):
        self.stop()
        self._remove()

    def stop(self):
        # Agents first: posternd's end is then no event for them.
        for process in reversed(self._running):
            self.stop_process(process)

    def _remove(self):
        if os.environ.get("POSTERN_KEEP"):
            print(f"kept: {self.root}")
        else:
            shutil.rmtree(self.root, ignore_errors=True)

    def _link_programs(self):
        """A directory for PATH in which the AWS CLI finds its plugin."""
        for name in ("posternd", "postern-agent", "postern"):
            (self.bin_dir / name).symlink_to(binary_directory() / name)
        built = binary_directory() / "session-manager-plugin"
        self.use_plugin(built if built.exists() else binary_directory() / "postern")

    def use_plugin(self, path):
        """Makes `path` the session-manager-plugin that the AWS CLI finds."""
        link = self.bin_dir / "session-manager-plugin"
        link.unlink(missing_ok=True)
        link.symlink_to(path)

    def program(self, name):
        return str(self.bin_dir / name)

    def spawn(self, log_name, command, env):
        """Runs a long-lived program with its output in log/LOG_NAME; it is stopped with the testbed."""
        with open(self.log_dir / log_name, "wb") as log:
            process = subprocess.Popen(
                [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env, cwd="/"
            )
        process.log_name = log_name
        self._running.append(process)
        return process

    def stop_process(self, process):
        """SIGTERM, and SIGKILL when it isn't gone within STOP_SECONDS."""
        if process in self._running:
            self._running.remove(process)
        if process is None or process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.unclean.append(process.log_name)
            process.kill()
            process.wait()

    def log(self, name):
        return (self.log_dir / name).read_text(errors="replace")

    def logs(self):
        """All logs as one text, for a failing test to show."""
        return "\n".join(f"==> {path.name}\n{path.read_text(errors='replace')}" for path in sorted(self.log_dir.iterdir()))

    def check_sanitizers(self):
        """Fails with the logs in which a sanitizer's report stands, each once."""
        logs = {path.name: path.read_text(errors="replace") for path in self.log_dir.iterdir()}
        found = {name for name, text in logs.items() if SANITIZER_REPORT.search(text)} - self._reported
        self._reported |= found
        assert not found, "\n".join(f"==> {name}\n{logs[name]}" for name in sorted(found))

    def _sanitizer_environment(self):
        """Reports go to files of their own: what a client writes is on somebody's terminal."""
        options = f"log_path={self.log_dir}/sanitizer"
        return {
            f"{name}_OPTIONS": ":".join(filter(None, [os.environ.get(f"{name}_OPTIONS"), options]))
            for name in ("ASAN", "LSAN", "TSAN", "UBSAN")
        } | {name: value for name, value in os.environ.items() if name.endswith("SAN_SYMBOLIZER_PATH")}

    # -- posternd

    def start_posternd(self):
        """Starts the service, on the port that it had before if it ran before, and waits until it serves."""
        config = self.root / "posternd.toml"
        config.write_text(f'listen = "127.0.0.1:{self.port}"\nstate_dir = "{self.state_dir}"\n{self._settings}')
        self._starts += 1
        log_name = f"posternd-{self._starts}"
        self.posternd = self.spawn(
            log_name, [self.program("posternd"), "--config", config], env=self.machine_environment()
        )
        self.port = wait_until(lambda: self._listening_port(log_name), START_SECONDS, "posternd listening")
        if self.admin is None:
            self.admin = self._first_credentials(log_name)

    def stop_posternd(self):
        self.stop_process(self.posternd)

    def _listening_port(self, log_name):
        if self.posternd.poll() is not None:
            raise RuntimeError(f"posternd ended with {self.posternd.returncode}:\n{self.log(log_name)}")
        match = LISTENING.search(self.log(log_name))
        return match and int(match["port"])

    def _first_credentials(self, log_name):
        text = self.log(log_name)
        key_id, secret = ACCESS_KEY_ID.search(text), SECRET_ACCESS_KEY.search(text)
        if not key_id or not secret:
            raise RuntimeError(f"no administrator's access key in posternd's first output:\n{text}")
        return Credentials(key_id[1], secret[1])

    @property
    def endpoint(self):
        return f"https://127.0.0.1:{self.port}"

    @property
    def ca_bundle(self):
        """The private authority's certificate, as clients and agents get it."""
        return self.state_dir / "ca.pem"

    # -- clients

    def write_profile(self, name, credentials, endpoint=None):
        """Adds or replaces a profile in the testbed's own AWS configuration."""
        directory = self.home / ".aws"
        directory.mkdir(exist_ok=True)
        _set_section(
            directory / "config",
            f"profile {name}",
            {"region": REGION, "endpoint_url": endpoint or self.endpoint, "ca_bundle": self.ca_bundle, "output": "json"},
        )
        keys = {"aws_access_key_id": credentials.access_key_id, "aws_secret_access_key": credentials.secret_access_key}
        if credentials.session_token:
            keys["aws_session_token"] = credentials.session_token
        _set_section(directory / "credentials", name, keys)

    def machine_environment(self):
        """What a service manager would give posternd or an agent: nothing of the caller's own settings."""
        return {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "LANG": "C.UTF-8",
            "HOME": os.path.expanduser("~"),
            **self._sanitizer_environment(),
        }

    def client_environment(self, profile=PROFILE):
        """What a person's shell would have: our programs in PATH, the profile, no AWS settings of the machine's own."""
        return {
            **self.machine_environment(),
            "PATH": f"{self.bin_dir}:{os.environ.get('PATH', '/usr/bin:/bin')}",
            "HOME": str(self.home),
            "TERM": "xterm-256color",
            "AWS_PROFILE": profile,
            "AWS_CONFIG_FILE": str(self.home / ".aws/config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(self.home / ".aws/credentials"),
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_MAX_ATTEMPTS": "1",
            "AWS_PAGER": "",
            # pyenv's shims look for their root below HOME, which is another one here.
            **({"PYENV_ROOT": os.environ["PYENV_ROOT"]} if "PYENV_ROOT" in os.environ else {}),
        }

    def aws_command(self, *arguments, aws=None, endpoint=None):
        """argv for the AWS CLI. Debian's release reads no endpoint_url from the profile, so it is always given."""
        return [aws or self.aws_program, *map(str, arguments), "--endpoint-url", endpoint or self.endpoint]

    def aws(self, *arguments, aws=None, profile=PROFILE, endpoint=None):
        """Runs the AWS CLI; returns its JSON output (None when empty) or raises AwsError."""
        done = subprocess.run(
            self.aws_command(*arguments, aws=aws, endpoint=endpoint),
            env=self.client_environment(profile),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )
        return aws_result(done.returncode, done.stdout, done.stderr)

    def ssm(self, *arguments, **options):
        return self.aws("ssm", *arguments, **options)

    def is_connected(self, node_id):
        return self.ssm("get-connection-status", "--target", node_id)["Status"] == "connected"

    # -- nodes

    def add_node(self, name, tags=None, endpoint=None, iam_role="PosternNode"):
        """Activates, registers and runs a node, and waits until sessions can be started on it.

        `endpoint` is where the agent finds the service, when that isn't the service itself but a proxy.
        """
        node = self.register_node(name, tags, endpoint, iam_role=iam_role)
        node.run()
        node.wait_connected()
        return node

    def register_node(self, name, tags=None, endpoint=None, environment=None, iam_role="PosternNode"):
        """`environment` adds to what the program `register` finds in its own."""
        activation = self.create_activation(tags=tags, iam_role=iam_role)
        node = Node(self, name, self.root / f"agent-{name}")
        node.id = self.run_register(activation, node, endpoint, environment)
        self.nodes.append(node)
        return node

    def create_activation(self, tags=None, limit=1, iam_role="PosternNode"):
        listed = [f"Key={key},Value={value}" for key, value in (tags or {}).items()]
        return self.ssm(
            "create-activation", "--iam-role", iam_role, "--registration-limit", limit, *(["--tags", *listed] if listed else [])
        )

    def run_register(self, activation, node, endpoint=None, environment=None):
        """Runs `postern-agent register`; returns the node's id, or raises RuntimeError with what the agent said."""
        command = [
            self.program("postern-agent"),
            "register",
            *("--endpoint", endpoint or self.endpoint),
            *("--activation-id", activation["ActivationId"]),
            *("--activation-code", activation["ActivationCode"]),
            *("--name", node.name),
            *("--ca-bundle", self.ca_bundle),
            *("--state-dir", node.state_dir),
        ]
        done = subprocess.run(
            [str(part) for part in command],
            env={**self.machine_environment(), **(environment or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )
        node_id = NODE_ID.search(done.stdout + done.stderr)
        if done.returncode != 0 or not node_id:
            raise RuntimeError(f"postern-agent register ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return node_id[0]

    def processes(self):
        """Every living process that a program of the testbed started."""
        found = []
        for process in self._running:
            if process.poll() is None:
                found.extend(processes.descendants(process.pid))
        return found


def _set_section(path, section, values):
    """Replaces one section of an AWS configuration file. Values never hold newlines here."""
    text = path.read_text() if path.exists() else ""
    kept = re.sub(rf"(?ms)^\[{re.escape(section)}\]\n.*?(?=^\[|\Z)", "", text)
    path.touch(mode=0o600)
    path.write_text(kept + f"[{section}]\n" + "".join(f"{key} = {value}\n" for key, value in values.items()))


def stop_on_signal():
    """Turns SIGTERM and SIGHUP into SystemExit, so that context managers clean up."""

    def leave(signum, _):
        raise SystemExit(128 + signum)

    for signum in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, leave)
