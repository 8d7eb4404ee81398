"""Whether a session is alive, and what its record says at its end: by the SDK in this process, which is quick."""

import time

from support.aws_clients import client
from support.wait import wait_until

# Far below any life of a cache; how soon it really is, `bench/run revocation` measures.
AT_ONCE_SECONDS = 30


def described(testbed, state, identifier):
    """By the SDK in this process: starting the CLI takes longer than what is measured here."""
    filters = [{"key": "SessionId", "value": identifier}]
    found = client(testbed, "ssm", testbed.admin).describe_sessions(State=state, Filters=filters)["Sessions"]
    return found[0] if found else None


def is_active(testbed, identifier):
    record = described(testbed, "Active", identifier)
    return record is not None and record["Status"] in ("Connected", "Connecting", "Disconnected")


def wait_over(testbed, identifier):
    return wait_until(lambda: described(testbed, "History", identifier), 30, f"{identifier} over", 0.05)


def ended_at_once(testbed, identifier, change):
    """Makes the change and waits until the session is over; returns its record."""
    assert is_active(testbed, identifier)
    change()
    changed = time.time()
    record = wait_over(testbed, identifier)
    assert record["EndDate"].timestamp() - changed < AT_ONCE_SECONDS
    return record
