"""Events: from the bytes of a record to columns."""
