"""Fixtures of the end-to-end tests. See README.md for how to run them."""

import os
import signal
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import postern_testbed, processes, sshd  # noqa: E402
import official  # noqa: E402
from support.aws_http import AwsHttp  # noqa: E402
from support.official_agent import OfficialAgent  # noqa: E402
from support.postern_testbed import DEBIAN_AWS, Testbed  # noqa: E402
from support.terminal import Terminal  # noqa: E402

TEST_SECONDS = 240


@pytest.fixture(autouse=True)
def time_limit():
    """Fails a test that hangs, wherever it hangs."""

    def expired(*_):
        raise TimeoutError(f"the test took more than {TEST_SECONDS} s")

    signal.signal(signal.SIGALRM, expired)
    signal.alarm(TEST_SECONDS)
    yield
    signal.alarm(0)


@pytest.fixture(autouse=True)
def no_sanitizer_report(request):
    """Fails the test during which a program's sanitizer reported something; what is found later fails the testbed."""
    yield
    bed = getattr(request.node, "funcargs", {}).get("testbed")
    if bed is not None and bed.log_dir.exists():
        bed.check_sanitizers()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """Adds the logs of the test's testbed to a failure."""
    outcome = yield
    report = outcome.get_result()
    bed = getattr(item, "funcargs", {}).get("testbed")
    if report.failed and bed is not None and bed.log_dir.exists():
        report.sections.append(("logs", bed.logs()[-8000:]))


@pytest.fixture(scope="session", autouse=True)
def orphans_stay_here():
    processes.adopt_orphans()


@pytest.fixture(scope="session")
def programs(orphans_stay_here):
    """Skips the test when ours have not been built."""
    missing = postern_testbed.missing_programs()
    if missing:
        pytest.skip(f"not built: {', '.join(missing)} in {postern_testbed.binary_directory()}")


@pytest.fixture(scope="module")
def testbed(programs):
    with Testbed() as bed:
        yield bed
        bed.stop()
        assert bed.unclean == [], "these ignored SIGTERM"


@pytest.fixture(scope="module")
def node(testbed):
    return testbed.add_node("web", {"Environment": "Production"})


@pytest.fixture(scope="module")
def official_node(testbed):
    """An amazon-ssm-agent, registered and connected."""
    if not official.DIRECTORY:
        pytest.skip("POSTERN_OFFICIAL_DIR is not set")
    if os.geteuid() != 0:
        pytest.skip("needs root")
    agent = OfficialAgent(testbed, official.DIRECTORY)
    yield agent
    agent.stop()


@pytest.fixture
def http(testbed):
    return AwsHttp(testbed.endpoint, testbed.ca_bundle)


def aws_clis():
    """Debian's AWS CLI, and the other one in PATH where there is one."""
    other = postern_testbed.other_aws()
    return [pytest.param(DEBIAN_AWS, id="aws"), *([pytest.param(other, id="other-aws")] if other else [])]


@pytest.fixture(params=aws_clis())
def aws_cli(request):
    return request.param


class Client:
    """One way to a shell on the node: ssh, an AWS CLI with our plugin, or our own command."""

    def __init__(self, name, command, env):
        self.name = name
        self.command = [str(part) for part in command]
        self.env = env

    @property
    def is_ssh(self):
        return self.name == "ssh"

    def running(self, command):
        """The same surroundings with another command."""
        return Client(self.name, command, self.env)

    def open(self, **options):
        """A terminal on which the command is starting."""
        return Terminal(self.command, env=self.env, **options)

    def shell(self, **options):
        """A terminal at a prompt."""
        terminal = self.open(**options)
        try:
            terminal.settle()
        except BaseException:
            terminal.__exit__()
            raise
        return terminal


@pytest.fixture(scope="module")
def ssh_peers(tmp_path_factory):
    missing = sshd.missing_programs()
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    with sshd.SshPeers(tmp_path_factory.mktemp("ssh")) as peers:
        yield peers


def make_client(kind, request):
    if kind == "ssh":
        env = {**os.environ, "TERM": "xterm-256color"}
        return Client("ssh", request.getfixturevalue("ssh_peers").command(), env)
    testbed, node = request.getfixturevalue("testbed"), request.getfixturevalue("node")
    if kind == "postern":
        return Client("postern", [testbed.program("postern"), "start-session", node.name], testbed.client_environment())
    command = testbed.aws_command("ssm", "start-session", "--target", node.id, aws=kind)
    return Client("aws", command, testbed.client_environment())


def session_clients():
    return [pytest.param("postern", id="postern"), *aws_clis()]


@pytest.fixture(params=[pytest.param("ssh", id="ssh"), *session_clients()])
def client(request):
    """Every way to a shell, ssh included: what a test expects is what ssh does."""
    return make_client(request.param, request)


@pytest.fixture(params=session_clients())
def session_client(request):
    """Every way to a shell through Postern."""
    return make_client(request.param, request)
