"""Figures, and how they are shown."""

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Figure:
    """One comparison. `rounds` is the number of measurements behind each of the two values."""

    name: str
    unit: str
    ours: float
    peer: float
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
        print(f"{f.name:{width}}  {f.ours:10.3f}  {f.peer:10.3f}  {f.unit:<11} {ratio:>6}  {f.rounds:6}  {f.peer_name}")


def write_json(path, figures):
    objects = [
        {**asdict(f), "ours": round(f.ours, 4), "peer": round(f.peer, 4), "ratio": f.ratio and round(f.ratio, 4)}
        for f in figures
    ]
    path.write_text(json.dumps(objects, indent=2) + "\n")
