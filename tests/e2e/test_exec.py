"""`postern exec`, and the two command documents: output, input and status exactly as the command's own."""

import contextlib
import hashlib
import os
import signal
import subprocess
import time

import pytest
from sessions import describe, end_all, wait_over
from support.postern_testbed import DEBIAN_AWS
from support.processes import all_processes, is_alive, name_of
from support.terminal import Terminal
from support.wait import wait_until

BULK_BYTES = 100_000_000


@pytest.fixture
def execute(testbed, node):
    """Runs `postern exec NODE -- ...` to its end."""

    def run(*command, **options):
        options = {"stdin": subprocess.DEVNULL, "timeout": 120, "check": False} | options
        if "input" in options:
            del options["stdin"]
        return subprocess.run(
            [testbed.program("postern"), "exec", node.name, "--", *command],
            env=testbed.client_environment(),
            stdout=options.pop("stdout", subprocess.PIPE),
            stderr=subprocess.PIPE,
            **options,
        )

    return run


@pytest.fixture
def start(testbed, node):
    """Starts one with pipes; killed when the test is over."""
    running = []

    def run(*command):
        process = subprocess.Popen(
            [testbed.program("postern"), "exec", node.name, "--", *command],
            env=testbed.client_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        running.append(process)
        return process

    yield run
    for process in running:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()


def test_streams_are_separate_and_exact(execute):
    done = execute("sh", "-c", r"printf 'out\n\0\r\nout'; printf 'err\n\377' >&2")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"out\n\0\r\nout", b"err\n\xff")


@pytest.mark.parametrize("status", [0, 1, 3, 127, 255])
def test_exit_status_is_the_commands(execute, status):
    assert execute("sh", "-c", f"exit {status}").returncode == status


def test_a_command_killed_by_a_signal(execute):
    assert execute("sh", "-c", "kill -KILL $$").returncode == 128 + signal.SIGKILL


def test_a_command_that_is_not_there(execute):
    done = execute("/no/such/program")
    assert done.returncode == 127
    assert b"/no/such/program" in done.stderr


@pytest.mark.parametrize(
    "argument",
    ["", " ", "two  words", "'", '"', "\\", "a\\'b\"c", "$HOME `id` $(id) ;|&<>*?~#!", "new\nline", "tab\t", "ü€𝄞", "-x", "{{ x }}"],
)
def test_arguments_arrive_as_they_are(execute, argument):
    done = execute("printf", "%s|", argument, "end")
    assert done.stdout == f"{argument}|end|".encode(), done.stderr


def test_standard_input_ends(execute):
    assert execute("cat").stdout == b""
    assert execute("cat", input=b"some\0input").stdout == b"some\0input"


def test_a_hundred_megabytes_both_ways(execute):
    data = os.urandom(BULK_BYTES)
    done = execute("cat", input=data)
    assert done.returncode == 0, done.stderr
    assert hashlib.sha256(done.stdout).digest() == hashlib.sha256(data).digest()


def test_input_that_nobody_reads(execute):
    done = execute("true", input=bytes(20_000_000))
    assert (done.returncode, done.stdout) == (0, b"")


def test_input_is_passed_on_as_it_comes(start):
    process = start("sh", "-c", "while read line; do echo got $line; done; echo end")
    for number in range(20):
        process.stdin.write(b"%d\n" % number)
        process.stdin.flush()
        assert process.stdout.readline() == b"got %d\n" % number
    process.stdin.close()
    assert process.stdout.read() == b"end\n"
    assert process.wait(20) == 0


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_signals_reach_the_command(start, signum):
    name = signum.name.removeprefix("SIG")
    process = start("sh", "-c", f"trap 'echo caught; exit 7' {name}; echo ready; while :; do sleep 0.05; done")
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(signum)
    assert process.stdout.read() == b"caught\n"
    assert process.wait(20) == 7


def test_a_command_that_a_signal_ends(start):
    process = start("sh", "-c", "echo $$; exec sleep 1000")
    far = int(process.stdout.readline())
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 128 + signal.SIGINT
    wait_until(lambda: not is_alive(far), 20, "the far command gone")


def test_a_killed_clients_command_ends_when_told(testbed, start):
    """It is kept for its grace, since a client that was killed looks like one that is away."""
    end_all(testbed)
    process = start("sh", "-c", "echo $$; exec sleep 1000")
    far = int(process.stdout.readline())
    process.kill()
    end_all(testbed)
    wait_until(lambda: not is_alive(far), 20, "the far command gone")


def test_a_reader_that_has_seen_enough(start):
    """As in `postern exec ... | head -1`."""
    process = start("sh", "-c", "echo $$; yes")
    far = int(process.stdout.readline())
    process.stdout.close()
    assert process.wait(30) == 128 + signal.SIGPIPE
    wait_until(lambda: not is_alive(far), 30, "the far command gone")


def test_a_slow_reader_gets_everything(start):
    process = start("sh", "-c", "seq 1 2000000")
    time.sleep(3)
    read = process.stdout.read()
    assert hashlib.sha256(read).digest() == hashlib.sha256(b"".join(b"%d\n" % n for n in range(1, 2_000_001))).digest()
    assert process.wait(20) == 0


def test_nothing_is_left_behind(testbed, node, execute):
    end_all(testbed)
    execute("true")
    wait_until(lambda: not describe(testbed, "Active"), 20, "no active session", 0.1)

    def children():
        return [name_of(p.pid) for p in all_processes() if p.parent == node.process.pid]

    wait_until(lambda: children() == ["worker-starter"], 20, f"no worker left: {children()}")


def test_an_unknown_node(testbed):
    done = subprocess.run(
        [testbed.program("postern"), "exec", "nobody", "--", "true"],
        env=testbed.client_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    # As ssh: none of the command's own.
    assert done.returncode == 255
    assert "nobody" in done.stderr


# -- AWS's documents, through the AWS CLI and our plugin


def aws_session(testbed, node, document, command):
    return testbed.aws_command(
        *("ssm", "start-session", "--target", node.id, "--document-name", document),
        *("--parameters", f'{{"command": ["{command}"]}}'),
        aws=DEBIAN_AWS,
    )


def test_noninteractive_document(testbed, node):
    done = subprocess.run(
        aws_session(testbed, node, "AWS-StartNonInteractiveCommand", "echo from the node"),
        env=testbed.client_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done
    assert "from the node\n" in done.stdout
    assert "Exiting session with sessionId: " in done.stdout


def test_interactive_document(testbed, node):
    command = aws_session(testbed, node, "AWS-StartInteractiveCommand", "echo rea''dy; head -n 1")
    with Terminal(command, env=testbed.client_environment()) as terminal:
        terminal.expect(b"SessionId: ")
        identifier = terminal.expect(b"\r\n").strip().decode()
        terminal.expect(b"ready")
        terminal.send("typed\r")
        rest = terminal.wait_end()
    # The terminal's echo, and what the command made of it.
    assert rest.count(b"typed") == 2
    assert wait_over(testbed, identifier)["Status"] == "Terminated"
