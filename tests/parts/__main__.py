"""Fetch the real parts that tests run against: `python -m tests.parts`."""

import sys
import time

from tests.parts.cache import PartMissingError, required
from tests.parts.catalog import PARTS, Part


def main() -> int:
    """Fetch what is missing, say what happened, and fail only where parts are required."""
    print("Real parts for the tests (fetched once; `make clean` keeps them, removing .cache/ drops them):")
    missing = [part.name for part in PARTS if not _ensure(part)]
    if not missing:
        return 0
    fate = "fail" if required() else "be skipped, with this reason"
    print(f"Tests that need {', '.join(missing)} will {fate}.")
    return 1 if required() else 0


def _ensure(part: Part) -> bool:
    try:
        print(f"  {part.name:<13}{part.path()}", flush=True)
    except PartMissingError:
        print(f"  {part.name:<13}getting it from {part.source}: {part.purpose} ...", flush=True)
    else:
        return True
    start = time.monotonic()
    try:
        place = part.ensure()
    except PartMissingError as failure:
        print(f"  {'':<13}cannot be had: {failure}", flush=True)
        return False
    print(f"  {'':<13}{place} ({time.monotonic() - start:.0f} s)", flush=True)
    return True


if __name__ == "__main__":
    sys.exit(main())
