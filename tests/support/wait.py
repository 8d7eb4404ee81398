"""Bounded polling: the only way in which tests and benchmarks wait."""

import time


class Timeout(AssertionError):
    """Something that had to become true did not within its limit."""


def wait_until(predicate, timeout, what, interval=0.02):
    """Calls predicate until it returns something true, and returns that.

    Raises Timeout naming `what` when `timeout` seconds have passed; predicate's last value is in the text.
    """
    deadline = time.monotonic() + timeout
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() >= deadline:
            raise Timeout(f"not within {timeout:g} s: {what} (last seen: {value!r})")
        time.sleep(interval)
