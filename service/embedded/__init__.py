"""The embedded shell: the same path in one process, without a broker."""
