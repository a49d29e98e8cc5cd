"""Scenarios that break the service on purpose, and a count of their own to compare with."""
