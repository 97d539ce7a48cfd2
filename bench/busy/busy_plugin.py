"""Three ways to keep a thread of Python occupied for a time."""

import time

__interface_hash__ = 0x0D43E37953D1F078


def sleep(seconds):
    time.sleep(seconds)
    return seconds


def spin(seconds):
    """Python code: gives the lock to others, and can be interrupted, between any two of its steps."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass
    return seconds


def hold(seconds):
    """One C function that keeps the lock to its end."""
    sum(range(int(seconds * _steps_per_second())))
    return seconds


def _steps_per_second(known=[]):
    if not known:
        steps = 1_000_000
        start = time.thread_time()
        sum(range(steps))
        known.append(steps / (time.thread_time() - start))
    return known[0]
