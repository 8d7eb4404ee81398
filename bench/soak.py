"""soak: whether memory stays flat while sessions of every kind come and go."""

import contextlib
import os
import random
import subprocess
import threading
import time

import forwards
from memory import KIB_PER_MIB, Server
from report import Figure

SECONDS = 600
# Caches are full and every code path has been taken by then.
WARM_UP_SECONDS = 120
SAMPLE_SECONDS = 5
MIB = 1024 * 1024
SHELLS = 3
SLOW_BYTES_A_SECOND = 64 * 1024


def measure(here, _rounds):
    """For SECONDS at once: shells that come and go, commands with input and output, transfers both ways through one forward, and
    a reader that takes 64 KiB a second of an endless output. The memory of posternd, of the agent with its workers and of the
    forwarding client, at most and on average over the last fifth, beside the fifth that follows the warm-up.
    """
    servers = {
        "posternd": Server(here.testbed.posternd.pid, "posternd"),
        "agent": Server(here.node.process.pid, "postern-agent"),
    }
    stop = threading.Event()
    samples = {name: [] for name in (*servers, "client")}
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(forwards.BulkServer())
        forward = stack.enter_context(forwards.open_postern(here, server.port))
        servers["client"] = Server(forward.pid, "postern")
        failures = []
        work = [_commands, _slow_reader, lambda h, s: _transfers(forward, s), *[_shells] * SHELLS]
        threads = [threading.Thread(target=_guard, args=(job, here, stop, failures)) for job in work]
        for thread in threads:
            thread.start()
        began = time.monotonic()
        while time.monotonic() - began < SECONDS and not failures:
            stop.wait(SAMPLE_SECONDS)
            if time.monotonic() - began > WARM_UP_SECONDS:
                for name, measured in servers.items():
                    samples[name].append(measured.memory().pss)
        stop.set()
        for thread in threads:
            thread.join()
    if failures:
        raise failures[0]
    return list(_figures(samples))


def _figures(samples):
    for name, values in samples.items():
        fifth = len(values) // 5
        first, last = values[:fifth], values[-fifth:]
        for what, of in (("max", max), ("mean", lambda fifths: sum(fifths) / len(fifths))):
            ours, before = of(last) / KIB_PER_MIB, of(first) / KIB_PER_MIB
            yield Figure(f"soak-{name}-{what}-pss", "MiB", ours, before, "the same, earlier", fifth)


def _guard(job, here, stop, failures):
    try:
        job(here, stop)
    except Exception as failure:  # noqa: BLE001 - whatever it is ends the measurement
        failures.append(failure)
        stop.set()


def _shells(here, stop):
    while not stop.is_set():
        with here.open(here.postern) as terminal:
            terminal.child.expect(here.prompt)
            for _ in range(random.randint(1, 5)):
                terminal.send("seq 5000; echo do''ne\r")
                terminal.expect(b"done\r\n")
            terminal.send("exit\r")
            terminal.wait_end()


def _commands(here, stop):
    command = [here.testbed.program("postern"), "exec", here.node.name, "--", "cat"]
    data = os.urandom(4 * MIB)
    while not stop.is_set():
        done = subprocess.run(command, input=data, env=here.testbed.client_environment(), capture_output=True, check=True)
        if done.stdout != data:
            raise RuntimeError("a command's output is not its input")


def _transfers(forward, stop):
    while not stop.is_set():
        for direction in ("up", "down"):
            forward.transfer(direction, 8, 64 * MIB)


def _slow_reader(here, stop):
    command = [here.testbed.program("postern"), "exec", here.node.name, "--", "yes"]
    process = subprocess.Popen(command, env=here.testbed.client_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    with process:
        while not stop.wait(1):
            if len(process.stdout.read(SLOW_BYTES_A_SECOND)) < SLOW_BYTES_A_SECOND:
                raise RuntimeError("the slow reader's output ended")
        process.terminate()
