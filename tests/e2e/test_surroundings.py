"""Machines that aren't like the usual one: nothing can be written, the agent isn't root, the way out is a proxy."""

import os
import shlex
import shutil
import socket
import tempfile
from pathlib import Path

import pytest
from sessions import session_id, wait_over
from support import mount_namespace, postern_testbed
from support.connect_proxy import ConnectProxy
from support.postern_testbed import DEBIAN_AWS
from support.terminal import Terminal

needs_root = pytest.mark.skipif(not mount_namespace.is_available(), reason="needs root, for a mount namespace")

USER_ID = 42042
USER = "postern-e2e"


def open_shell(testbed, node, environment=None):
    command = [testbed.program("postern"), "start-session", node.id]
    shell = Terminal(command, env=environment or testbed.client_environment())
    shell.settle()
    return shell


def leave(testbed, shell):
    identifier = session_id(shell)
    shell.send("exit\r")
    shell.wait_end()
    assert wait_over(testbed, identifier)["Status"] == "Terminated"


def agent_command(state_dir, programs=None):
    return [(programs or postern_testbed.binary_directory()) / "postern-agent", "run", "--state-dir", state_dir]


def without_log_path(environment):
    """For a program that can't write a file, not even a sanitizer's report: that then goes to standard error."""
    return {name: value for name, value in environment.items() if not name.endswith("SAN_OPTIONS")}


@needs_root
def test_agent_on_a_read_only_root(testbed):
    node = testbed.register_node("read-only")
    command = mount_namespace.command(mount_namespace.READ_ONLY_ROOT, agent_command(node.state_dir))
    node.run(command, without_log_path(testbed.machine_environment()))
    node.wait_connected()
    for _ in range(2):
        with open_shell(testbed, node) as shell:
            probe = shlex.quote(str(node.state_dir / "probe"))
            assert shell.run(f"touch /tmp/probe {probe} 2>&1 | grep -c 'Read-only file system'") == "2"
            assert shell.run("echo $((6 * 7))") == "42"
            leave(testbed, shell)
    node.stop()


@needs_root
def test_agent_on_a_full_disk(testbed):
    """Its state and every place for temporary files are one file system without a free byte."""
    node = testbed.register_node("full")
    setup = f"""
        mount --bind {shlex.quote(str(postern_testbed.binary_directory()))} /srv
        mount -t tmpfs -o size=1m full /mnt
        cp -R {shlex.quote(str(node.state_dir))} /mnt/state
        head -c 2m /dev/zero >/mnt/ballast 2>/dev/null || true
        for place in /tmp /var/tmp /dev/shm; do mount --bind /mnt $place; done
    """
    node.run(mount_namespace.command(setup, agent_command("/mnt/state", Path("/srv"))), without_log_path(testbed.machine_environment()))
    node.wait_connected()
    for _ in range(2):
        with open_shell(testbed, node) as shell:
            assert shell.run("cd /tmp; { echo x >probe; } 2>&1 | grep -c 'No space left'") == "1"
            assert shell.run("echo $((6 * 7))") == "42"
            leave(testbed, shell)
    node.stop()


@needs_root
def test_agent_of_another_user(testbed):
    """Sessions are that user's, with their home and login shell."""
    node = testbed.register_node("unprivileged")
    home = Path(tempfile.mkdtemp(prefix="postern-home-"))
    try:
        state_dir = shutil.copytree(node.state_dir, home / "state")
        for path in (home, state_dir, *state_dir.iterdir()):
            os.chown(path, USER_ID, USER_ID)
        setup = f"""
            mount --bind {shlex.quote(str(postern_testbed.binary_directory()))} /srv
            mount -t tmpfs passwd /mnt
            cp /etc/passwd /mnt/passwd
            echo '{USER}:x:{USER_ID}:{USER_ID}::{home}:/bin/bash' >>/mnt/passwd
            mount --bind /mnt/passwd /etc/passwd
        """
        as_user = ["setpriv", f"--reuid={USER_ID}", f"--regid={USER_ID}", "--clear-groups", "--no-new-privs"]
        command = mount_namespace.command(setup, [*as_user, *agent_command(state_dir, Path("/srv"))])
        node.run(command, {**without_log_path(testbed.machine_environment()), "HOME": str(home)})
        node.wait_connected()
        with open_shell(testbed, node) as shell:
            assert shell.run("id -un; id -u; id -g; pwd").split("\n") == [USER, str(USER_ID), str(USER_ID), str(home)]
            assert shell.run("test -w $(tty) && echo mine") == "mine"
            assert shell.run("kill -0 1 2>&1 | grep -ci 'not permitted'") == "1"
            leave(testbed, shell)
        node.stop()
    finally:
        shutil.rmtree(home)


@needs_root
@pytest.mark.parametrize("kind", ["postern", "aws"])
def test_client_writes_nothing(testbed, node, kind):
    """Neither `postern` nor our plugin leaves a file anywhere: they do as well where they can't write any."""
    command = [testbed.program("postern"), "start-session", node.id]
    if kind == "aws":
        command = testbed.aws_command("ssm", "start-session", "--target", node.id, aws=DEBIAN_AWS)
    environment = without_log_path(testbed.client_environment())
    with Terminal(mount_namespace.command(mount_namespace.READ_ONLY_ROOT, command), env=environment) as shell:
        shell.settle()
        assert shell.run("echo $((6 * 7))") == "42"
        leave(testbed, shell)
    assert shell.exit_status == 0


# Loopback addresses are reached directly whatever https_proxy says, so the service is called by the host's name, which its
# certificate has. Whether that name can be resolved is the proxy's business.
HOST = socket.gethostname()


def named_endpoint(testbed):
    return f"https://{HOST}:{testbed.port}"


def test_agent_behind_a_proxy(testbed):
    with ConnectProxy() as proxy:
        environment = {"https_proxy": proxy.url}
        node = testbed.register_node("proxied", endpoint=named_endpoint(testbed), environment=environment)
        assert len(proxy.targets) == 1, "the registration bypasses the proxy"
        node.run(env={**testbed.machine_environment(), **environment})
        node.wait_connected()
        before = len(proxy.targets)
        assert before > 1, "the control channel bypasses the proxy"
        with open_shell(testbed, node) as shell:
            assert len(proxy.targets) > before, "the session bypasses the proxy"
            assert shell.run("echo $((6 * 7))") == "42"
            leave(testbed, shell)
        assert set(proxy.targets) == {f"{HOST}:{testbed.port}"}
        node.stop()


def client_by_name(testbed, node, kind):
    endpoint = named_endpoint(testbed)
    if kind == "aws":
        return testbed.aws_command("ssm", "start-session", "--target", node.id, aws=DEBIAN_AWS, endpoint=endpoint)
    return [testbed.program("postern"), "--endpoint-url", endpoint, "start-session", node.id]


@pytest.mark.parametrize("kind", ["postern", "aws"])
def test_client_behind_a_proxy(testbed, node, kind):
    with ConnectProxy() as proxy:
        environment = {**testbed.client_environment(), "https_proxy": proxy.url}
        with Terminal(client_by_name(testbed, node, kind), env=environment) as shell:
            shell.settle()
            # `postern` uses one connection for the API and the session; the AWS CLI and its plugin need one each.
            assert len(proxy.targets) >= (2 if kind == "aws" else 1)
            assert shell.run("echo $((6 * 7))") == "42"
            leave(testbed, shell)
        assert set(proxy.targets) == {f"{HOST}:{testbed.port}"}


def test_proxy_that_is_not_there(testbed, node):
    """The way round a proxy is never taken instead."""
    with ConnectProxy() as gone:
        pass
    environment = {**testbed.client_environment(), "https_proxy": gone.url}
    with Terminal(client_by_name(testbed, node, "postern"), env=environment) as client:
        assert "Connection refused" in client.wait_end().decode()
    assert client.exit_status == 1
