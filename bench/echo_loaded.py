"""echo-loaded: the echo of a keystroke while bulk data goes to or from the same node."""

import contextlib

import echo
import forwards
from report import Figure

BLOCKS = 10
DIRECTIONS = ("up", "down")
STATES = ("idle", *DIRECTIONS)


def measure(here, _rounds):
    """BLOCKS blocks of keystrokes by turns: idle, then during a transfer to the node (`up`), then from it (`down`).

    The session that is typed into and the forward that is loaded are two of the same program to the same node: two sessions,
    and for ssh two connections through the jump host. Only the program that is measured is loaded.
    """
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(forwards.BulkServer())
        programs = {
            "postern": (here.postern, forwards.open_postern(here, server.port)),
            "ssh -J": (here.ssh_jump, forwards.open_ssh(here, server.port, via_jump=True)),
        }
        keyboards = {}
        for name, (command, forward) in programs.items():
            stack.enter_context(forward)
            keyboards[name] = stack.enter_context(echo.Keyboard(here, command))
        seconds = {(name, state): [] for name in programs for state in STATES}
        for _ in range(BLOCKS):
            for name, (_, forward) in programs.items():
                for state in STATES:
                    with forward.loaded(state) if state in DIRECTIONS else contextlib.nullcontext():
                        seconds[name, state] += keyboards[name].type_block()
    return list(_figures(seconds))


def _figures(seconds):
    for percentile in (50, 99):
        ms = {key: echo.percentile_of(values, percentile) * 1000 for key, values in seconds.items()}
        for state in STATES:
            ours, peer = ms["postern", state], ms["ssh -J", state]
            yield Figure(f"echo-{state}-p{percentile}", "ms", ours, peer, "ssh -J", BLOCKS * echo.BLOCK)
        for state in DIRECTIONS:
            yield Figure(
                f"echo-{state}-p{percentile}-idle",
                "ms",
                ms["postern", state],
                ms["postern", "idle"],
                "ours, idle",
                BLOCKS * echo.BLOCK,
            )
