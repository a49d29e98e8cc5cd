"""The tests of Driftline."""
