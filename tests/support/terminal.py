"""A person at a terminal: programs run on a real PTY, and screens are read through tmux."""

import itertools
import re
import shlex
import subprocess
import tempfile

import pexpect

from .wait import wait_until

# What Bash, dash and most others end a prompt with, behind escape sequences that set colours or titles.
ANY_PROMPT = rb"[#$%>] ?(?:\x1b\[[0-9;?]*[a-zA-Z])*$"
_numbers = itertools.count(1)


class Terminal:
    """One interactive program on a PTY of its own."""

    def __init__(self, command, env=None, rows=24, columns=200, timeout=30):
        command = [str(part) for part in command]
        self.child = pexpect.spawn(
            command[0], command[1:], env=env, dimensions=(rows, columns), timeout=timeout, maxread=65536
        )
        self.child.delaybeforesend = None
        self.child.delayafterclose = 0
        self.child.ptyproc.delayafterclose = 0
        self.prompt = None
        self.banner = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.close(force=True)

    @property
    def pid(self):
        return self.child.pid

    def wait_prompt(self):
        """Waits for the shell's first prompt, whatever it looks like; what came before it is then in `banner`."""
        self.child.expect(ANY_PROMPT)
        self.banner = self.child.before

    def settle(self):
        """Waits for the first prompt and sets one that can't be mistaken, so that run() works."""
        self.wait_prompt()
        number = next(_numbers)
        self.prompt = f"<prompt {number}> ".encode()
        # The quotes keep the echo of the command from looking like the prompt itself.
        self.child.send(f"bind 'set enable-bracketed-paste off' 2>/dev/null; PS1='<prompt'' {number}> '\r")
        self.child.expect_exact(self.prompt)

    def run(self, command, timeout=30):
        """Runs one command line and returns what it printed, without surrounding blank lines."""
        self.send(command + "\r")
        return self.output(timeout)

    def output(self, timeout=30):
        """What the command line sent last prints until the prompt is back."""
        self.child.expect_exact(self.prompt, timeout=timeout)
        # The first line is the echo of what was typed. AWS's plugin leaves output processing on, so that each line ends in
        # two carriage returns.
        _, _, printed = self.child.before.partition(b"\n")
        return re.sub(rb"\r+\n", b"\n", printed).strip(b"\n").decode()

    def send(self, data):
        self.child.send(data)

    def expect(self, text, timeout=30):
        """Waits for an exact text and returns what came before it."""
        self.child.expect_exact(text, timeout=timeout)
        return self.child.before

    def resize(self, rows, columns):
        self.child.setwinsize(rows, columns)

    def wait_end(self, timeout=30):
        """Waits for the program's end; returns the rest of its output."""
        self.child.expect(pexpect.EOF, timeout=timeout)
        rest = self.child.before
        wait_until(lambda: not self.child.isalive(), 10, "the program's exit")
        return rest

    @property
    def exit_status(self):
        return self.child.exitstatus

    def hang_up(self):
        """Closes the terminal, as closing its window does: the kernel sends SIGHUP."""
        # Through the object that owns the descriptor, which would close its number once more, whosever it then is.
        self.child.ptyproc.fileobj.close()
        self.child.ptyproc.closed = True
        self.child.closed = True


class Screen:
    """A program in a tmux pane of its own server: what a person would see, character by character."""

    def __init__(self, command, env, rows=24, columns=80):
        self._directory = tempfile.TemporaryDirectory(prefix="postern-screen-")
        self._tmux = ["tmux", "-S", f"{self._directory.name}/socket", "-f", "/dev/null"]
        self._env = env
        self._run("new-session", "-d", "-x", str(columns), "-y", str(rows), shlex.join(map(str, command)))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run([*self._tmux, "kill-server"], env=self._env, capture_output=True)
        self._directory.cleanup()

    def _run(self, *arguments):
        return subprocess.run([*self._tmux, *arguments], env=self._env, check=True, capture_output=True, text=True).stdout

    def type(self, text):
        self._run("send-keys", "-l", text)

    def press(self, *keys):
        """Keys by tmux's names: Enter, Escape, C-c."""
        self._run("send-keys", *keys)

    def lines(self):
        return self._run("capture-pane", "-p").rstrip("\n").split("\n")

    def wait_for(self, pattern, timeout=30):
        """Waits until a line matches the regular expression; returns all lines."""

        def seen():
            lines = self.lines()
            return lines if any(re.search(pattern, line) for line in lines) else None

        return wait_until(seen, timeout, f"{pattern!r} on the screen:\n" + "\n".join(self.lines()), 0.05)
