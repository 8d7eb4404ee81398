"""src/iam against an independent evaluator, over generated cases. Skipped where Node.js or its package isn't there.

POSTERN_IAM_DECIDE names the program iam_decide; `npm ci` here installs the other side. POSTERN_IAM_CASES and POSTERN_IAM_SEED change how many
cases there are, and which.
"""

import json
import os
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from differences import kinds
from generate import cases

HERE = Path(__file__).parent
DECIDE = Path(os.environ.get("POSTERN_IAM_DECIDE", HERE.parents[1] / "build/debug/src/iam/iam_decide"))
COUNT = int(os.environ.get("POSTERN_IAM_CASES", "4000"))
SEED = int(os.environ.get("POSTERN_IAM_SEED", "4"))

pytestmark = [
    pytest.mark.skipif(shutil.which("node") is None, reason="there is no Node.js"),
    pytest.mark.skipif(not (HERE / "node_modules").is_dir(), reason="`npm ci` has not been run in tests/differential"),
]


def answers(command, lines):
    done = subprocess.run(command, input="".join(lines), capture_output=True, text=True, check=True, timeout=300)
    found = done.stdout.splitlines()
    assert len(found) == len(lines), done.stderr
    return found


def compare(generated):
    """(case, ours, theirs) of each that is decided differently."""
    lines = [json.dumps(case) + "\n" for case in generated]
    ours = answers([DECIDE], lines)
    theirs = answers(["node", HERE / "evaluate.mjs"], lines)
    invalid = [answer for answer in ours if answer.startswith("invalid")]
    assert not invalid, invalid[:3]
    decided = Counter(ours)
    # Cases that nothing ever allows would agree about everything.
    assert min(decided[outcome] for outcome in ("allow", "explicit", "implicit")) > len(lines) / 40, decided
    return [(case, a, b) for case, a, b in zip(generated, ours, theirs, strict=True) if a != b and b != "timeout"]


def told(differences):
    return "\n".join(f"ours {ours}, theirs {theirs}: {json.dumps(case)}" for case, ours, theirs in differences[:3])


def test_cases_without_known_differences_are_decided_alike():
    different = compare(list(cases(SEED, COUNT, quirks=False)))
    assert not different, f"seed {SEED}: {len(different)} of {COUNT} differ\n{told(different)}"


def test_each_difference_is_of_a_known_kind():
    count = COUNT // 4
    different = compare(list(cases(SEED + 1, count, quirks=True)))
    unknown = [each for each in different if not kinds(each[0])]
    assert not unknown, f"seed {SEED + 1}: {len(unknown)} of {count} differ in an unknown way\n{told(unknown)}"
    # A kind that hides everything would hide a mistake of ours too.
    assert len(different) < count / 15, Counter(kind for case, _, _ in different for kind in kinds(case))
