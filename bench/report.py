"""Figures, and how they are shown."""

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Figure:
    """One comparison, or a value by itself: then `peer` is None and `peer_name` says what it is.

    `rounds` is the number of measurements behind each value.
    """

    name: str
    unit: str
    ours: float
    peer: float | None
    peer_name: str
    rounds: int

    @property
    def ratio(self):
        return self.ours / self.peer if self.peer else None


def print_table(figures):
    width = max(len(figure.name) for figure in figures)
    print(f"{'':{width}}  {'ours':>10}  {'peer':>10}  {'unit':<11} {'ratio':>6}  {'rounds':>6}  peer")
    for f in figures:
        ratio = "" if f.ratio is None else f"{f.ratio:.3f}"
        peer = "" if f.peer is None else f"{f.peer:.3f}"
        print(f"{f.name:{width}}  {f.ours:10.3f}  {peer:>10}  {f.unit:<11} {ratio:>6}  {f.rounds:6}  {f.peer_name}")


def _rounded(value):
    return None if value is None else round(value, 4)


def write_json(path, figures):
    objects = [
        {**asdict(f), "ours": _rounded(f.ours), "peer": _rounded(f.peer), "ratio": _rounded(f.ratio)} for f in figures
    ]
    path.write_text(json.dumps(objects, indent=2) + "\n")
