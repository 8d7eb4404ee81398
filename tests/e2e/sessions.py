"""What tests about sessions ask the API and read off the terminal."""

import re

from support.wait import wait_until


def session_id(shell):
    """From the line that plugin and command print before they connect."""
    return re.search(rb"Starting session with SessionId: (\S+)", shell.banner)[1].decode()


def describe(testbed, state, *filters):
    """Sessions by id, all pages."""
    arguments = ["--filters", *filters] if filters else []
    listed = testbed.ssm("describe-sessions", "--state", state, *arguments)
    return {session["SessionId"]: session for session in listed["Sessions"]}


def wait_over(testbed, identifier, timeout=30):
    """Waits until the session is in the history, and returns it."""
    return wait_until(
        lambda: describe(testbed, "History", f"key=SessionId,value={identifier}").get(identifier),
        timeout,
        f"session {identifier} in the history",
        0.1,
    )


def end_all(testbed):
    """Terminates what is active, so that a test starts from nothing."""
    for identifier in describe(testbed, "Active"):
        testbed.ssm("terminate-session", "--session-id", identifier)
    wait_until(lambda: not describe(testbed, "Active"), 30, "no active session", 0.1)
