"""What script/demo shows: a service, a node, and a shell between them through `aws ssm start-session`."""

import argparse
import re
import secrets
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support.postern_testbed import Testbed, stop_on_signal  # noqa: E402
from support.terminal import Terminal  # noqa: E402

NODE_NAME = "demo"
TAGS = {"Environment": "Production"}
START_LIMIT_SECONDS = 30


def say(text):
    print(f"demo: {text}", flush=True)


def interactive(testbed, node):
    command = testbed.aws_command("ssm", "start-session", "--target", node.id)
    say(f"$ {' '.join(command[:5])}")
    say("You are about to get a shell on the node, through the service. Type exit to end.")
    return subprocess.run(command, env=testbed.client_environment(), check=False).returncode


def check(testbed, node):
    """Runs a nonce, id and a resize through a session; returns what was wrong."""
    wrong = []
    nonce = secrets.token_hex(8)
    command = testbed.aws_command("ssm", "start-session", "--target", node.id)
    begun = time.monotonic()
    with Terminal(command, testbed.client_environment(), rows=24, columns=100, timeout=START_LIMIT_SECONDS) as terminal:
        terminal.wait_prompt()
        started = time.monotonic() - begun
        session_id = re.search(rb"Starting session with SessionId: (\S+)", terminal.banner)
        terminal.send(b"\x03")  # a fresh prompt for settle() to wait for
        terminal.settle()

        def run(line, expected):
            printed = terminal.run(line)
            print(f"  $ {line}\n  {printed}", flush=True)
            if not re.search(expected, printed):
                wrong.append(f"{line!r} printed {printed!r}, not {expected!r}")

        say("transcript")
        run(f"echo nonce-''{nonce}", f"^nonce-{nonce}$")
        run("id", r"^uid=\d+")
        run("stty size", r"^24 100$")
        terminal.resize(40, 132)
        # The shell draws its prompt again when the size arrives, so it is the answer that is waited for.
        terminal.send("stty size\r")
        terminal.expect("40 132")
        print("  $ stty size          (after the terminal was resized)\n  40 132", flush=True)
        active = testbed.ssm("describe-sessions", "--state", "Active")["Sessions"]
        if not session_id or session_id[1].decode() not in [session["SessionId"] for session in active]:
            wrong.append("describe-sessions does not list the session")
        terminal.send("exit\r")
        rest = terminal.wait_end()
        if b"Exiting session with sessionId" not in rest:
            wrong.append(f"the session ended without saying so: {rest!r}")
        if terminal.exit_status != 0:
            wrong.append(f"the AWS CLI ended with {terminal.exit_status}")
    say(f"from `aws ssm start-session` to the prompt: {started * 1000:.0f} ms, most of it the AWS CLI's own start")
    return wrong


def main():
    parser = argparse.ArgumentParser(prog="script/demo", description=__doc__)
    parser.add_argument("--check", action="store_true", help="no terminal: run some commands, exit non-zero if one fails")
    arguments = parser.parse_args()
    stop_on_signal()
    with Testbed() as testbed:
        say(f"posternd listens on {testbed.endpoint}, its state is in {testbed.state_dir}")
        node = testbed.add_node(NODE_NAME, tags=TAGS)
        say(f"node {NODE_NAME} ({node.id}) is connected, with the tag Environment=Production")
        if not arguments.check:
            return interactive(testbed, node)
        wrong = check(testbed, node)
    # Out of the testbed: everything has been stopped.
    wrong += [f"{name} did not stop when asked to" for name in testbed.unclean]
    for problem in wrong:
        say(f"WRONG: {problem}")
    say("failed" if wrong else "all is well, and nothing was left running")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
