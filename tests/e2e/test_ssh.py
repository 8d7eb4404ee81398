"""postern ssh and ssh-proxy: OpenSSH's own programs through a session, to an sshd on the node."""

import hashlib
import os
import pwd
import subprocess

import pytest
from sessions import describe
from support import sshd
from support.wait import wait_until


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    if missing := sshd.missing_programs():
        pytest.skip(f"not installed: {', '.join(missing)}")
    with sshd.SshPeers(tmp_path_factory.mktemp("ssh") / "peers") as peers:
        yield peers


@pytest.fixture
def options(testbed, node, server):
    """Of ssh, scp and sftp, to reach the node by its name."""
    known = server.root / "known_by_node"
    known.write_text(f"{node.id} {server.node.public_host_key()}\nweb {server.node.public_host_key()}\n")
    return [
        *("-o", f"IdentityFile={server.root}/user_key"),
        *("-o", f"UserKnownHostsFile={known}"),
        *("-o", f"User={pwd.getpwuid(os.geteuid()).pw_name}"),
        *("-F", "none", "-o", "StrictHostKeyChecking=yes", "-o", "BatchMode=yes", "-o", "IdentityAgent=none"),
    ]


def proxy(testbed, server):
    return ["-o", f"ProxyCommand={testbed.program('postern')} ssh-proxy %h {server.node.port}"]


def run(testbed, *command, data=b""):
    return subprocess.run(
        [str(part) for part in command], input=data, capture_output=True, env=testbed.client_environment(), timeout=120
    )


def test_ssh_runs_a_command_and_leaves_no_session(testbed, server, options):
    done = run(testbed, "ssh", *options, *proxy(testbed, server), "web", "echo hello; exit 7")
    assert (done.returncode, done.stdout) == (7, b"hello\n"), done.stderr
    wait_until(lambda: not describe(testbed, "Active"), 30, "no active session")


def test_postern_ssh_knows_the_host_key_by_the_node(testbed, node, server, options):
    done = run(testbed, testbed.program("postern"), "ssh", "web", "-p", server.node.port, *options, "cat", data=b"in and out")
    assert (done.returncode, done.stdout) == (0, b"in and out"), done.stderr


@pytest.mark.parametrize("protocol", [[], ["-O"]], ids=["sftp", "scp"])
def test_scp_copies_both_ways(testbed, server, options, tmp_path, protocol):
    source, there, back = tmp_path / "source", tmp_path / "there", tmp_path / "back"
    source.write_bytes(os.urandom(5 * 1024 * 1024))
    through = [*protocol, *options, *proxy(testbed, server)]
    assert run(testbed, "scp", "-q", *through, source, f"web:{there}").returncode == 0
    assert run(testbed, "scp", "-q", *through, f"web:{there}", back).returncode == 0
    assert hashlib.sha256(back.read_bytes()).digest() == hashlib.sha256(source.read_bytes()).digest()


def test_says_why_there_is_no_connection(testbed, node):
    done = run(testbed, testbed.program("postern"), "ssh-proxy", "nowhere")
    assert done.returncode == 255
    assert done.stdout == b""
    assert done.stderr.startswith(b"postern: ")
