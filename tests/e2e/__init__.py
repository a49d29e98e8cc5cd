"""The whole service against the real parts."""
