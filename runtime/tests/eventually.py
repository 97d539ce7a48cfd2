"""Waits for an effect of another thread, also on a slow machine."""

import time


def eventually(condition, what):
    """Return as soon as ``condition()`` holds; fail with ``what`` after ten seconds."""
    end = time.monotonic() + 10
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("timed out after 10 s waiting until %s" % what)
        time.sleep(0.001)
