"""The configuration: its shape, its validation and its errors."""
