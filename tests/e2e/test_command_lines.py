"""What the programs say to a wrong command line or configuration: the reason on standard error, and an exit status."""

import resource
import subprocess

import pytest
from support import postern_testbed


def run(program, *arguments):
    path = postern_testbed.binary_directory() / program
    return subprocess.run([path, *map(str, arguments)], capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("listen = = 1\n", ":1: "),
        ("threads = 1\nlisten = 'here'\n", "ADDRESS:PORT"),
        ("threads = 1\nlisen = 'x'\n", ":2: lisen: there is no such key"),
        ("[http]\nmax_body_bytes = 1\n", ":2: http.max_body_bytes: expected an integer from 1024"),
        ("[tls]\ncertificate = 'a'\n", "tls.certificate and tls.private_key go together"),
    ],
    ids=["syntax", "address", "unknown", "range", "half a pair"],
)
def test_posternd_names_what_is_wrong_with_its_configuration(programs, tmp_path, text, reason):
    config = tmp_path / "posternd.toml"
    config.write_text(text)
    done = run("posternd", "--state-dir", tmp_path / "state", "--config", config)
    assert done.returncode == 1, done
    assert done.stderr.startswith("posternd: ")
    assert reason in done.stderr
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("program", ["posternd", "postern-agent", "postern"])
def test_help_and_version(programs, program):
    described = run(program, "--help")
    assert described.returncode == 0
    assert "Usage: " + program in described.stdout
    assert run(program, "--version").returncode == 0
    assert run(program, "--no-such-flag").returncode == 2


def test_a_command_that_there_is_not(programs):
    done = run("postern", "frobnicate", "web-1")
    assert (done.returncode, done.stderr) == (2, "postern: there is no command frobnicate; postern --help names those that are\n")


def test_posternd_takes_all_descriptors_that_it_may(programs, tmp_path):
    """A node is a connection, and the usual soft limit is 1024."""
    path = postern_testbed.binary_directory() / "posternd"
    command = ["prlimit", "--nofile=256:2048", path, "--listen", "127.0.0.1:0", "--state-dir", tmp_path / "state"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as posternd:
        try:
            assert any(line.startswith("Listening on ") for line in posternd.stdout)
            assert resource.prlimit(posternd.pid, resource.RLIMIT_NOFILE) == (2048, 2048)
        finally:
            posternd.terminate()
