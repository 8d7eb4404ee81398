"""What all measurements share: one Postern, two sshd, and a login shell that is the same for both sides."""

import os
import platform
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from support import sshd
from support.official_agent import OfficialAgent
from support.postern_testbed import PROFILE, Testbed
from support.tcp_proxy import TcpProxy
from support.terminal import ANY_PROMPT, Terminal

NODE = "bench"
DELAYED_PROFILE = "delayed"
ADDED_ROUND_TRIP = 0.080
PROMPT = "bench-prompt$ "
# The fastest that OpenSSH has where the processor knows AES, and what TLS 1.3 uses here.
CIPHER = "aes128-gcm@openssh.com"


def enter_private_namespace(argv):
    """Starts this program anew where it may replace its own view of /etc/passwd; returns when that can't be.

    The user's start-up files would be part of every measurement, and can take longer than all of ours. In a mount namespace
    of its own the bench gives the user an empty home with a one-line profile, for sshd and the agent alike.
    """
    if os.geteuid() != 0 or not shutil.which("unshare"):
        return
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode != 0:
        return
    sys.stdout.flush()
    os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", sys.executable, *argv])


class Surroundings:
    """Context manager around a whole bench run."""

    def __init__(self, private, official_dir=None):
        self.prompt = re.escape(PROMPT).encode() if private else ANY_PROMPT
        self._private = private
        self.official_dir = official_dir
        self._root = Path(tempfile.mkdtemp(prefix="postern-bench-"))
        self.official_agent = None
        self.testbed = None
        self.ssh = None
        self._proxies = []

    def __enter__(self):
        try:
            if self._private:
                self._give_user_a_plain_shell()
            self.testbed = Testbed().__enter__()
            self.ssh = sshd.SshPeers(self._root / "ssh", CIPHER).__enter__()
            self.node = self.testbed.add_node(NODE)
            if self.official_dir:
                self.official_agent = OfficialAgent(self.testbed, self.official_dir)
            self._prepare_commands()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for proxy in self._proxies:
            proxy.close()
        if self.official_agent:
            self.official_agent.stop()
        if self.ssh:
            self.ssh.__exit__()
        if self.testbed:
            self.testbed.close()
        shutil.rmtree(self._root, ignore_errors=True)

    def _give_user_a_plain_shell(self):
        user = pwd.getpwuid(os.geteuid())
        home = self._root / "user"
        home.mkdir(mode=0o700)
        for name in (".profile", ".bash_profile"):
            (home / name).write_text(f"PS1='{PROMPT}'\n")
        lines = Path("/etc/passwd").read_text().splitlines()
        entry = ":".join([user.pw_name, "x", str(user.pw_uid), str(user.pw_gid), "", str(home), "/bin/bash"])
        passwd = self._root / "passwd"
        passwd.write_text("\n".join(entry if line.startswith(f"{user.pw_name}:") else line for line in lines) + "\n")
        subprocess.run(["mount", "--bind", str(passwd), "/etc/passwd"], check=True)
        os.environ["HOME"] = str(home)

    def _prepare_commands(self):
        far_service = TcpProxy(("127.0.0.1", self.testbed.port), ADDED_ROUND_TRIP)
        far_jump = TcpProxy(("127.0.0.1", self.ssh.jump.port), ADDED_ROUND_TRIP)
        self._proxies = [far_service, far_jump]
        self.testbed.write_profile(DELAYED_PROFILE, self.testbed.admin, f"https://127.0.0.1:{far_service.port}")
        postern = [self.testbed.program("postern"), "start-session", NODE, "--profile"]
        # By name: `postern` finds the node itself. The AWS CLI wants an id.
        self.postern = [*postern, PROFILE]
        self.far_postern = [*postern, DELAYED_PROFILE]
        self.aws = self.testbed.aws_command("ssm", "start-session", "--target", self.node.id)
        self.ssh_direct = self.ssh.command()
        self.ssh_jump = self.ssh.command(via_jump=True)
        self.far_ssh_jump = self.ssh.command(via_jump=True, jump_port=far_jump.port)

    def open(self, command):
        """A terminal on which the command has been started; the prompt may still be to come."""
        return Terminal(command, env=self.testbed.client_environment(), rows=24, columns=80)

    def method(self):
        """How it was measured, a line a fact."""
        congestion = Path("/proc/sys/net/ipv4/tcp_congestion_control").read_text().strip()
        yield f"machine     {os.cpu_count()} cores, {_cpu_model()}, Linux {platform.release()}, loopback, TCP {congestion} on both sides"
        yield f"ours        {_output(self.testbed.program('postern'), '--version')}, {_output(self.testbed.aws_program, '--version')}"
        yield f"peer        {_output('ssh', '-V')}; two sshd with keys and configuration of their own, ed25519, {CIPHER}, ControlMaster off"
        shell = "bash as login shell with a one-line profile" if self._private else "the user's own login shell"
        yield f"shell       {shell}, the same for both sides"
        yield "order       interleaved: every round measures each program once; the first round is thrown away; medians"


def _cpu_model():
    match = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return match[1] if match else platform.machine()


def _output(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    return (done.stdout + done.stderr).strip().splitlines()[0]
