"""Profiles: building the reference from files or batches, showing it, and comparing two."""
