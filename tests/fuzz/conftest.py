"""Fuzzers tell their seed as scenarios do."""

from tests.chaos.conftest import story

__all__ = ["story"]
