"""What all tests share: the fixtures of the real parts."""

pytest_plugins = ["tests.parts.fixtures"]
