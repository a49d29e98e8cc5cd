"""Speed beside the peers alone: ``python -m bench.peers``; it is part of ``python -m bench`` too.

Results go to ``bench/results/peers.json``.
"""

from __future__ import annotations

import sys
from dataclasses import asdict

import orjson

from bench.peers.peer import missing
from bench.peers.speed import turns
from bench.report import RESULTS, machine, peer_figures, state, table

ROUNDS = 3


def main() -> None:
    reason = missing()
    if reason:
        sys.exit(f"Nothing to stand beside: {reason}.")
    found = list(turns(ROUNDS))
    lines = peer_figures(found)
    print(table(lines))
    document = {
        **state(),
        "machine": machine(),
        "figures": [asdict(line) for line in lines],
        "turns": [asdict(turn) for turn in found],
    }
    (RESULTS / "peers.json").write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")


if __name__ == "__main__":
    main()
