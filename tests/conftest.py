"""What all tests share: the fixtures of the real parts, and how hypothesis searches."""

import os

from hypothesis import settings

pytest_plugins = ["tests.parts.fixtures"]

# No deadline: a busy machine is no defect. In CI the same examples each time.
settings.register_profile("driftline", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("driftline")
