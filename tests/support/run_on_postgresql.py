"""run_on_postgresql.py PROGRAM [ARGUMENT...]: runs a program with POSTERN_TEST_POSTGRESQL naming a PostgreSQL server of its own.

The server listens on a Unix socket only, keeps its data in a directory of its own, and is gone afterwards.
"""

import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.postgres import Postgres  # noqa: E402


def main():
    with Postgres() as server:
        environment = {**os.environ, "POSTERN_TEST_POSTGRESQL": server.url()}
        return subprocess.run(sys.argv[1:], env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
