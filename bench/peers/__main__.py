"""Speed beside the peers alone: ``python -m bench.peers``; it is part of ``python -m bench`` too."""

from __future__ import annotations

import sys

from bench.peers.peer import missing
from bench.peers.speed import turns
from bench.report import peer_figures, table

ROUNDS = 3


def main() -> None:
    reason = missing()
    if reason:
        sys.exit(f"Nothing to stand beside: {reason}.")
    print(table(peer_figures(list(turns(ROUNDS)))))


if __name__ == "__main__":
    main()
