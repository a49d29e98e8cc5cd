"""The real parts that tests run against: broker, Alertmanager, Prometheus, browser.

``python -m tests.parts`` fetches them once into the ignored ``.cache/``. The fixtures of
:mod:`tests.parts.fixtures` run them on free loopback ports, and skip with the reason where a part cannot be
had.
"""
