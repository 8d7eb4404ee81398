"""posternd under AWS's own names, by private DNS and a private authority: what plugins need that check the StreamUrl."""

import contextlib
import os
import socket

import pytest
from official import DIRECTORY
from sessions import session_id, wait_over
from support import mount_namespace
from support.aws_http import AwsHttp
from support.postern_testbed import DEBIAN_AWS, REGION, Testbed
from support.terminal import Terminal

DOMAIN = "amazonaws.com"
GATEWAY = f"ssmmessages.{REGION}.{DOMAIN}"
SETTINGS = f'service_domain = "{DOMAIN}"\npublic_host = "{GATEWAY}"\n'
PORT = 443  # the one that AWS's URLs mean, since they name none


@pytest.fixture(scope="module")
def named(programs, tmp_path_factory):
    if os.geteuid() != 0 or not mount_namespace.is_available():
        pytest.skip("needs root, and a mount namespace for its own /etc/hosts")
    with contextlib.closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", PORT))
        except OSError as reason:
            pytest.skip(f"port {PORT}: {reason}")
    hosts = tmp_path_factory.mktemp("dns") / "hosts"
    names = " ".join(f"{service}.{REGION}.{DOMAIN}" for service in ("ssm", "ssmmessages", "ec2messages"))
    hosts.write_text(f"127.0.0.1 localhost {names}\n")
    with Testbed(port=PORT, settings=SETTINGS) as bed:
        node = bed.add_node("web")
        yield bed, node, f"mount --bind {hosts} /etc/hosts"


@pytest.mark.parametrize("plugin", ["our-plugin", "official-plugin"])
def test_trap_26_shell_by_awss_names(named, plugin):
    testbed, node, dns = named
    environment = testbed.client_environment()
    # As with AWS: nothing but a region, and who is trusted.
    environment |= {"AWS_CA_BUNDLE": str(testbed.ca_bundle), "SSL_CERT_FILE": str(testbed.ca_bundle)}
    if plugin == "official-plugin":
        if not DIRECTORY:
            pytest.skip("POSTERN_OFFICIAL_DIR is not set")
        environment["PATH"] = f"{DIRECTORY}:{environment['PATH']}"
    endpoint = f"https://ssm.{REGION}.{DOMAIN}"
    command = testbed.aws_command("ssm", "start-session", "--target", node.id, aws=DEBIAN_AWS, endpoint=endpoint)
    with Terminal(mount_namespace.command(dns, command), env=environment) as shell:
        shell.settle()
        identifier = session_id(shell)
        assert shell.run("echo $((6 * 7))") == "42"
        shell.send("exit\r")
        shell.wait_end()
    assert wait_over(testbed, identifier)["Status"] == "Terminated"


def test_trap_26_stream_url_is_as_awss(named):
    """To the letter, no port in it: there is little that a check could dislike."""
    testbed, node, _ = named
    # Clients leave the standard port out of the Host that they sign.
    http = AwsHttp(testbed.endpoint.removesuffix(f":{PORT}"), testbed.ca_bundle)
    session = http.ssm("StartSession", {"Target": node.id}, testbed.admin).json()
    assert session["StreamUrl"] == f"wss://{GATEWAY}/v1/data-channel/{session['SessionId']}?role=publish_subscribe"
    testbed.ssm("terminate-session", "--session-id", session["SessionId"])
