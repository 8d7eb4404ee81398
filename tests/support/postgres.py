"""A PostgreSQL server of its own, on loopback and on a Unix socket."""

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import quote

from .sshd import free_port
from .wait import wait_until

# Debian keeps the server's programs out of PATH, a directory a version.
PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
# The package makes this user; the server refuses to run as root.
USER = "postgres"


def is_installed():
    return bool(PROGRAMS) and shutil.which("psql") is not None


class Postgres:
    """Context manager. Trusts everybody who reaches its `port`, as `user`; it dies with its directory."""

    user = "postern"

    def __init__(self, durable=False):
        """`durable`: what is committed is on disk, as in production. It is what a commit costs most, so tests go without."""
        self._durable = durable

    def __enter__(self):
        self._root = Path(tempfile.mkdtemp(prefix="postern-postgres-"))
        try:
            self._start()
        except BaseException:
            shutil.rmtree(self._root, ignore_errors=True)
            raise
        return self

    def _start(self):
        as_user = {}
        if os.geteuid() == 0:
            account = pwd.getpwnam(USER)
            os.chown(self._root, account.pw_uid, account.pw_gid)
            as_user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        data = self._root / "data"
        subprocess.run(
            [PROGRAMS[0] / "initdb", "-D", data, "-U", self.user, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"],
            check=True,
            capture_output=True,
            cwd="/",
            **as_user,
        )
        self.port = free_port()
        settings = [f"port={self.port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={self._root}"]
        settings.append(f"fsync={'on' if self._durable else 'off'}")
        self._process = subprocess.Popen(
            [PROGRAMS[0] / "postgres", "-D", data, *(part for setting in settings for part in ("-c", setting))],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            cwd="/",
            **as_user,
        )
        ready = [PROGRAMS[0] / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        wait_until(lambda: subprocess.run(ready, check=False).returncode == 0, 30, "PostgreSQL ready", 0.1)

    def url(self, database="postgres"):
        """Where it is, for libpq: by its Unix socket."""
        return f"postgresql://{self.user}@{quote(str(self._root), safe='')}:{self.port}/{database}"

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait(30)
        shutil.rmtree(self._root, ignore_errors=True)


def psql(port, *arguments, text=None):
    """What psql prints, without decoration; `text` is its input. Raises CalledProcessError."""
    command = ["psql", "-h", "127.0.0.1", "-p", str(port), "-U", Postgres.user, "-d", "postgres", "-v", "ON_ERROR_STOP=1", "-XAtq"]
    done = subprocess.run([*command, *arguments], input=text, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout.strip()
