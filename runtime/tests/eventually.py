"""Waiting for what another thread does, however long the machine takes for it."""

import time


def eventually(condition, what):
    """Return as soon as ``condition()`` holds; fail with ``what`` when it did not for ten seconds."""
    end = time.monotonic() + 10
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("waited in vain until %s" % what)
        time.sleep(0.001)
