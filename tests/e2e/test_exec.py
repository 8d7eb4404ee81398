"""postern exec: streams, status and signals of a command on a node, as if it ran here."""

import hashlib
import os
import signal
import subprocess

import pytest
from sessions import describe
from support.wait import wait_until


def command(testbed, *words, options=()):
    return [testbed.program("postern"), "exec", *options, "web", "--", *words]


def run(testbed, *words, options=(), data=b""):
    return subprocess.run(
        command(testbed, *words, options=options), input=data, capture_output=True, env=testbed.client_environment(), timeout=60
    )


@pytest.mark.parametrize("status", [0, 1, 3, 255])
def test_gives_the_commands_own_status(testbed, node, status):
    done = run(testbed, "sh", "-c", f"exit {status}")
    assert (done.returncode, done.stdout, done.stderr) == (status, b"", b"")


def test_keeps_the_streams_apart(testbed, node):
    done = run(testbed, "sh", "-c", "echo out; echo err >&2")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"out\n", b"err\n")


def test_words_arrive_as_they_are(testbed, node):
    words = ["", "two words", "it's", '"', "\\", "$HOME", "*", "a\nb", "ä", "--help", "-n"]
    done = run(testbed, "printf", "%s\\0", *words)
    assert done.stdout.split(b"\0")[:-1] == [word.encode() for word in words], done


def test_carries_every_byte_both_ways(testbed, node):
    data = os.urandom(8 * 1024 * 1024) + bytes(range(256)) + b"\n"
    done = run(testbed, "cat", data=data)
    assert done.returncode == 0, done.stderr
    assert hashlib.sha256(done.stdout).digest() == hashlib.sha256(data).digest()


def test_the_command_sees_the_end_of_its_input(testbed, node):
    assert run(testbed, "wc", "-c").stdout.split() == [b"0"]
    assert run(testbed, "wc", "-c", options=["-n"], data=b"ignored").stdout.split() == [b"0"]


def test_a_command_that_reads_nothing_ends_all_the_same(testbed, node):
    assert run(testbed, "true", data=bytes(4 * 1024 * 1024)).returncode == 0


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_go_to_the_command(testbed, node, sent):
    process = subprocess.Popen(
        command(testbed, "sleep", "1000"), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, env=testbed.client_environment()
    )
    wait_until(lambda: any("sleep" in entry for entry in commands_of(testbed)), 30, "sleep running")
    process.send_signal(sent)
    assert process.wait(30) == 128 + sent, process.stderr.read()


def commands_of(testbed):
    found = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout.splitlines()
    return [line for line in found if line.startswith("sleep 1000")]


def test_ends_when_nobody_reads_its_output(testbed, node):
    process = subprocess.Popen(
        command(testbed, "yes"), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=testbed.client_environment()
    )
    assert process.stdout.read(4) == b"y\ny\n"
    process.stdout.close()
    assert process.wait(30) == 141
    wait_until(lambda: not describe(testbed, "Active"), 30, "no active session")


def test_says_what_is_wrong(testbed, node):
    done = run(testbed, "no-such-command")
    assert done.returncode not in (0, 2)
    assert b"no-such-command" in done.stderr
    nowhere = subprocess.run(
        [testbed.program("postern"), "exec", "nowhere", "--", "true"],
        capture_output=True,
        env=testbed.client_environment(),
        timeout=60,
    )
    assert nowhere.returncode == 255
    assert nowhere.stderr.startswith(b"postern: ")
