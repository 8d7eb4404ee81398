"""Programs that see another file system than everybody else. Needs root; Linux only."""

import subprocess


def is_available():
    """Whether this process may make one: root may, except in most containers."""
    return subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode == 0


def command(setup, program):
    """argv that runs the lines of `setup` in a mount namespace of its own, as sh -e does, and then becomes `program`.

    Nothing that is mounted there is seen outside, and nothing of it is left when the last process in it has ended.
    """
    return ["unshare", "--mount", "--propagation", "private", "sh", "-ec", f'{setup}\nexec "$@"', "sh", *map(str, program)]


READ_ONLY_ROOT = "mount -o remount,bind,ro /"
