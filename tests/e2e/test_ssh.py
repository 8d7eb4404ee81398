"""OpenSSH's programs and what stands on them, over a session instead of a connection."""

import hashlib
import os
import shutil
import subprocess

import pytest
from sessions import describe
from support import sshd
from support.byte_servers import hash_server
from support.postern_testbed import DEBIAN_AWS
from support.wait import wait_until

BULK_BYTES = 30_000_000


class Ssh:
    """An ssh configuration whose host `node` is reached by a ProxyCommand, and programs that use it."""

    def __init__(self, testbed, config):
        self._testbed = testbed
        self.config = config

    def run(self, *command, **options):
        """A program that takes `-F`, with the arguments that follow."""
        program, *arguments = map(str, command)
        return self.run_other(program, "-F", self.config, *arguments, **options)

    def run_other(self, *command, **options):
        options = {"timeout": 120, "check": False, "capture_output": True} | options
        if "input" not in options:
            options["stdin"] = subprocess.DEVNULL
        return subprocess.run([str(part) for part in command], env=self._testbed.client_environment(), **options)


@pytest.fixture(params=["postern", "aws"])
def ssh(request, testbed, node, ssh_peers, tmp_path):
    """With our own ProxyCommand, and with the one of AWS's documentation and our plugin."""
    proxy = {
        "postern": f"{testbed.program('postern')} ssh-proxy {node.name} %p",
        "aws": f"{DEBIAN_AWS} ssm start-session --endpoint-url {testbed.endpoint} --target {node.id} "
        "--document-name AWS-StartSSHSession --parameters portNumber=%p",
    }[request.param]
    config = tmp_path / "ssh_config"
    config.write_text(ssh_peers.config_text() + f"Host node\n ProxyCommand {proxy}\n")
    return Ssh(testbed, config)


@pytest.fixture
def big_file(tmp_path):
    path = tmp_path / "big file"
    path.write_bytes(os.urandom(BULK_BYTES))
    return path


def same(left, right):
    return hashlib.sha256(left.read_bytes()).digest() == hashlib.sha256(right.read_bytes()).digest()


def succeeded(done):
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_ssh(ssh):
    done = ssh.run("ssh", "node", "cat; echo error >&2; exit 3", input=bytes(range(256)) * 40_000)
    assert done.returncode == 3
    assert done.stdout == bytes(range(256)) * 40_000
    # Between the lines of a plugin, for that way.
    assert b"error\n" in done.stderr


def test_the_session_ends_with_ssh(testbed, ssh):
    succeeded(ssh.run("ssh", "node", "true"))
    wait_until(lambda: not describe(testbed, "Active"), 30, "no active session", 0.1)


def test_scp(ssh, big_file, tmp_path):
    there, back = tmp_path / "there", tmp_path / "back"
    succeeded(ssh.run("scp", "-q", big_file, f"node:{there}"))
    succeeded(ssh.run("scp", "-q", f"node:{there}", back))
    assert same(big_file, there)
    assert same(big_file, back)


def test_sftp(ssh, big_file, tmp_path):
    there, back = tmp_path / "there", tmp_path / "back"
    batch = f'put "{big_file}" {there}\nget {there} {back}\nls {tmp_path}\n'
    listed = succeeded(ssh.run("sftp", "-q", "-b", "-", "node", input=batch.encode()))
    assert str(there).encode() in listed
    assert same(big_file, back)


def test_rsync(ssh, tmp_path):
    source, there, back = tmp_path / "source", tmp_path / "there", tmp_path / "back"
    for number in range(200):
        file = source / f"{number % 7}" / f"{number}"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(os.urandom(number * 100))
    rsync = ("rsync", "-a", "--delete", "-e", f"ssh -F {ssh.config}")
    succeeded(ssh.run_other(*rsync, f"{source}/", f"node:{there}/"))
    (source / "0/0").unlink()
    (source / "1/1").write_bytes(b"changed")
    succeeded(ssh.run_other(*rsync, f"{source}/", f"node:{there}/"))
    succeeded(ssh.run_other(*rsync, f"node:{there}/", f"{back}/"))
    assert subprocess.run(["diff", "-r", source, back], capture_output=True, check=False).stdout == b""
    assert not (back / "0/0").exists()


def test_ansible(ssh, tmp_path):
    ansible = shutil.which("ansible", path="/usr/bin")
    if ansible is None:
        pytest.skip("not installed: ansible-core")
    inventory = tmp_path / "inventory"
    inventory.write_text(
        "[all]\nnode\n[all:vars]\nansible_python_interpreter=/usr/bin/python3\n"
        f"ansible_ssh_common_args=-F {ssh.config}\nansible_remote_tmp={tmp_path}/remote\n"
    )
    (tmp_path / "ansible.cfg").write_text(f"[defaults]\nlocal_tmp={tmp_path}/local\n[ssh_connection]\npipelining=true\n")
    run = (ansible, "all", "-i", inventory)
    content = tmp_path / "content"
    content.write_bytes(os.urandom(100_000))
    assert b'"ping": "pong"' in succeeded(ssh.run_other(*run, "-m", "ping", cwd=tmp_path))
    copied = succeeded(
        ssh.run_other(*run, "-m", "copy", "-a", f"src={content} dest={tmp_path}/copied mode=0600", cwd=tmp_path)
    )
    assert b"CHANGED" in copied
    assert same(content, tmp_path / "copied")


def test_a_closed_port_is_reported(ssh):
    done = ssh.run("ssh", "-p", sshd.free_port(), "node", "true")
    assert done.returncode == 255
    assert b"refused" in done.stderr.lower() + done.stdout.lower()


def test_input_that_ends_before_the_answer(testbed, node):
    """A direction ends by itself, as with nc: the server answers only once it has everything."""
    data = os.urandom(300_000)
    with hash_server() as server:
        command = [testbed.program("postern"), "ssh-proxy", node.name, str(server.port)]
        done = subprocess.run(command, env=testbed.client_environment(), input=data, capture_output=True, timeout=60, check=True)
    assert done.stdout.decode() == hashlib.sha256(data).hexdigest()


def test_postern_ssh(testbed, node, ssh_peers, tmp_path):
    """`postern ssh NODE [ssh's own arguments]`."""
    config = tmp_path / "ssh_config"
    # The host key is kept under the node's id, which this configuration does not know yet.
    text = ssh_peers.config_text().replace("Host node", f"Host node {node.name} {node.id}")
    config.write_text(text.replace("StrictHostKeyChecking yes", "StrictHostKeyChecking accept-new"))
    done = subprocess.run(
        [testbed.program("postern"), "ssh", node.name, "-F", config, "-p", str(ssh_peers.node.port), "echo here; exit 5"],
        env=testbed.client_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (5, "here\n"), done.stderr
