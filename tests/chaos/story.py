"""What a scenario tells while it runs: its seed first, then what it did, then the figures it compared."""

import os
import random
import sys
import time
from collections import Counter

SEED = "CHAOS_SEED"


class Story:
    """Progress lines of one scenario, its deeds counted, and its only source of randomness."""

    def __init__(self, name: str) -> None:
        self.seed = int(os.environ.get(SEED) or random.SystemRandom().randrange(2**32))
        self.random = random.Random(self.seed)
        self.deeds: Counter[str] = Counter()
        self._began = time.monotonic()
        self.tell(f"{name}: {SEED}={self.seed}")

    def did(self, deed: str, detail: str = "") -> None:
        """Count a deed, and tell it."""
        self.deeds[deed] += 1
        self.tell(f"{deed} {self.deeds[deed]}{f': {detail}' if detail else ''}")

    def tell(self, text: str) -> None:
        """Write one line; pytest shows it at once with ``-s``, else only when the scenario fails."""
        sys.stdout.write(f"{time.monotonic() - self._began:7.1f} s  {text}\n")
        sys.stdout.flush()

    def end(self) -> None:
        """Sum the deeds up."""
        self.tell(", ".join(f"{deed}: {count}" for deed, count in sorted(self.deeds.items())) or "done")
