"""OpenSSH as the peer to be measured and compared with: its own sshd, keys and configuration, on loopback."""

import os
import pwd
import shutil
import socket
import subprocess
from pathlib import Path

from .wait import wait_until

PRIVILEGE_SEPARATION_DIR = Path("/run/sshd")  # compiled into Debian's sshd, which insists on it when run by root


def missing_programs():
    """Names of the programs that this module needs and the machine lacks."""
    return [name for name in ("ssh", "ssh-keygen", "sshd") if _find(name) is None]


def _find(name):
    # sshd lives in /usr/sbin, which an ordinary user's PATH leaves out.
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def free_port():
    """A port of loopback on which nobody listens; somebody else may take it before the caller does."""
    # sshd can't say which port it got when told 0, so it is told one that was free a moment ago.
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


class SshPeers:
    """A node and a jump host on loopback, each an sshd of its own, and the commands that reach them.

    Context manager. ed25519 keys throughout, no agent, no known hosts but its own, ControlMaster off.
    """

    def __init__(self, root, cipher=None):
        """`cipher`: the only one that clients offer."""
        self._root = Path(root)
        self._cipher = cipher
        self.node = None
        self.jump = None

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start(self):
        self._root.mkdir(parents=True, exist_ok=True)
        os.chmod(self._root, 0o700)
        if os.geteuid() == 0:
            # It stays: other tests may have an sshd at the same time.
            PRIVILEGE_SEPARATION_DIR.mkdir(mode=0o755, exist_ok=True)
        make_key(self._root / "user_key")
        self.node = Sshd(self._root / "node", self._root / "user_key.pub")
        self.jump = Sshd(self._root / "jump", self._root / "user_key.pub")

    def __exit__(self, *_):
        for server in (self.node, self.jump):
            if server is not None:
                server.stop()

    def command(self, *remote, via_jump=False, jump_port=None, options=()):
        """argv that opens a shell on the node, or runs `remote` there.

        `jump_port` reaches the jump host elsewhere, such as at a proxy; `options` are further ones of ssh.
        """
        config = self._root / f"ssh_config.{jump_port or ''}"
        _replace(config, self.config_text(jump_port))
        return ["ssh", "-F", str(config), *(["-J", "jump"] if via_jump else []), *options, "node", *remote]

    def config_text(self, jump_port=None):
        """An ssh_config with the hosts `node` and `jump`."""
        known_hosts = self._root / "known_hosts"
        servers = {"node": self.node, "jump": self.jump}
        _replace(known_hosts, "".join(f"{host} {server.public_host_key()}\n" for host, server in servers.items()))
        ports = {"node": self.node.port, "jump": jump_port or self.jump.port}
        return (
            f"Host node jump\n HostName 127.0.0.1\n User {pwd.getpwuid(os.geteuid()).pw_name}\n"
            f" IdentityFile {self._root}/user_key\n IdentitiesOnly yes\n IdentityAgent none\n"
            f" UserKnownHostsFile {known_hosts}\n GlobalKnownHostsFile none\n StrictHostKeyChecking yes\n"
            " PreferredAuthentications publickey\n BatchMode yes\n ControlMaster no\n ControlPath none\n"
            " LogLevel ERROR\n"
            + (f" Ciphers {self._cipher}\n" if self._cipher else "")
            + "".join(f"Host {host}\n Port {port}\n HostKeyAlias {host}\n" for host, port in ports.items())
        )


def _replace(path, text):
    """As a whole: an ssh that was started a moment ago may be reading it."""
    new = path.with_name(f"{path.name}.new")
    new.write_text(text)
    new.rename(path)


class Sshd:
    """One sshd in the foreground."""

    def __init__(self, directory, authorized_keys):
        self._directory = Path(directory)
        self._directory.mkdir(mode=0o700)
        make_key(self._directory / "host_key")
        self.port = free_port()
        config = self._directory / "sshd_config"
        config.write_text(
            f"ListenAddress 127.0.0.1\nPort {self.port}\nHostKey {self._directory}/host_key\n"
            f"AuthorizedKeysFile {authorized_keys}\nPidFile none\nStrictModes no\nUsePAM no\n"
            "PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\n"
            "PrintMotd no\nPrintLastLog no\nUseDNS no\nMaxStartups 100\nSubsystem sftp internal-sftp\n"
        )
        self._log = open(self._directory / "log", "wb")
        self._process = subprocess.Popen(
            [_find("sshd"), "-D", "-e", "-f", str(config)], stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log
        )
        wait_until(self._answers, 10, f"sshd on port {self.port} ({self._directory}/log)")

    @property
    def pid(self):
        return self._process.pid

    def public_host_key(self):
        return " ".join((self._directory / "host_key.pub").read_text().split()[:2])

    def _answers(self):
        if self._process.poll() is not None:
            raise RuntimeError(f"sshd ended: {(self._directory / 'log').read_text()}")
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as probe:
                return probe.recv(4) == b"SSH-"
        except OSError:
            return False

    def stop(self):
        self._process.terminate()
        self._process.wait(10)
        self._log.close()


def make_key(path):
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "postern", "-f", str(path)], check=True)
