"""Ends a call server's process together with its host, even while code in C holds the GIL.

Usually the end of the control channel ends the server. A thread that waits for it needs the GIL, so code in C that holds
it would run on. On Linux the system sends a signal when the host ends. Elsewhere a second process watches the channel.
"""

import os
import signal
import sys

_PR_SET_PDEATHSIG = 1

GRACE_SECONDS = 3.0
"""How long a process may continue after its host has ended, where a second process watches."""


def end_with_host(host, control):
    """Arrange for the end of this process. ``host`` is the id of the parent process, ``control`` a descriptor."""
    if not _signal_at_parent_death() and hasattr(os, "fork"):
        watch_from_second_process(control)
    # The host may have ended before.
    if os.getppid() != host:
        os._exit(0)


def _signal_at_parent_death():
    """Let Linux kill this process at the end of the thread that has started it; return whether that is possible.

    That thread is the one that owns the host: the main thread of Node, or a worker thread.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        import ctypes

        return ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0) == 0
    except (AttributeError, ImportError, OSError):
        return False


def watch_from_second_process(control, grace_seconds=GRACE_SECONDS):
    """Fork a process that waits for the end of ``control`` and then kills this one. Call it before starting threads.

    It ends at once when this process ends.
    """
    alive, end_of_alive = os.pipe()
    watched = os.getpid()
    if os.fork():
        os.close(alive)
        return  # `end_of_alive` is closed by the end of this process
    try:
        os.close(end_of_alive)
        _close_all_but(control, alive)
        _watch(watched, control, alive, grace_seconds)
    finally:
        os._exit(0)


def _watch(watched, control, alive, grace_seconds):
    import select

    poll = select.poll()
    poll.register(control, 0)  # only the end of the connection: the frames are for the other process
    poll.register(alive, 0)
    poll.poll()
    poll.unregister(control)
    poll.poll(int(grace_seconds * 1000))  # until the other process has ended
    # A process that has ended is no longer the parent, so no other process can have its number here.
    if os.getppid() == watched:
        os.kill(watched, signal.SIGKILL)


def _close_all_but(*kept):
    """Close inherited descriptors: the host must notice the end of the other process."""
    limit = os.sysconf("SC_OPEN_MAX")
    descriptors = range(min(limit if limit > 0 else 1024, 4096))
    for descriptor in descriptors:
        if descriptor not in kept:
            try:
                os.close(descriptor)
            except OSError:
                pass
