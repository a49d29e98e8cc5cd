"""Detectors of change in an ordered series, one value after the other."""
