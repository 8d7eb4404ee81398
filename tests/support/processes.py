"""Processes as /proc shows them: who descends from whom, and how much memory each holds."""

import ctypes
import os
import signal
from dataclasses import dataclass
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


def adopt_orphans():
    """Makes this process the new parent of every descendant whose own parent dies.

    Without it a worker that outlives a killed agent would go to init, out of sight of descendants().
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


@dataclass(frozen=True)
class Process:
    pid: int
    parent: int
    state: str
    command: str

    @property
    def is_zombie(self):
        return self.state == "Z"


def _read(pid):
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name is in parentheses and may hold anything, blanks and parentheses included.
    name = stat[stat.index("(") + 1 : stat.rindex(")")]
    state, parent = stat[stat.rindex(")") + 2 :].split()[:2]
    return Process(pid, int(parent), state, command.strip() or f"[{name}]")


def all_processes():
    found = (_read(int(entry)) for entry in os.listdir("/proc") if entry.isdigit())
    return [process for process in found if process is not None]


def descendants(root):
    """Every living process below `root`, nearest first, zombies left out."""
    children = {}
    for process in all_processes():
        children.setdefault(process.parent, []).append(process)
    found, level = [], children.get(root, [])
    while level:
        found.extend(process for process in level if not process.is_zombie)
        level = [child for process in level for child in children.get(process.pid, [])]
    return found


def is_alive(pid):
    process = _read(pid)
    return process is not None and not process.is_zombie


def kill(pid, signum=signal.SIGKILL):
    """Sends a signal; a process that has gone already is no error."""
    try:
        os.kill(pid, signum)
    except ProcessLookupError:
        pass


@dataclass(frozen=True)
class Memory:
    """Kibibytes, from smaps_rollup: resident, and proportional (shared pages divided among their users)."""

    rss: int = 0
    pss: int = 0

    def __add__(self, other):
        return Memory(self.rss + other.rss, self.pss + other.pss)

    def __sub__(self, other):
        return Memory(self.rss - other.rss, self.pss - other.pss)


def memory_of(pids):
    """The sum over the processes; one that ends meanwhile counts nothing."""
    total = Memory()
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except (FileNotFoundError, ProcessLookupError):
            continue
        values = {line.split(":")[0]: int(line.split()[1]) for line in lines if line.startswith(("Rss:", "Pss:"))}
        total += Memory(values.get("Rss", 0), values.get("Pss", 0))
    return total


def executable_of(pid):
    """The file name of the program that the process runs; empty when it has gone or isn't ours to see."""
    try:
        return os.path.basename(os.readlink(f"/proc/{pid}/exe"))
    except OSError:
        return ""


def name_of(pid):
    """What the process calls itself, in 15 characters: the agent's forks are `worker-starter` and `session-worker`."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""


_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def cpu_seconds(root, executables=None):
    """Processor time of `root` and everything below it, children that have ended and been waited for included.

    `executables` limits it to processes that run a program of one of these names. Exact to a tick, 10 ms commonly, a process.
    """
    total = 0
    for pid in [root, *(process.pid for process in descendants(root))]:
        if executables and executable_of(pid) not in executables:
            continue
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        # utime, stime, cutime, cstime of proc(5), whose third field is the first here.
        total += sum(map(int, fields[11:15]))
    return total / _TICKS_PER_SECOND
