"""The threads of the call server. They must be native threads of Python."""

import threading
import weakref

from ..process import state_snapshot

_STACK_BYTES = 16 << 20
"""Address space for the stack of a thread. The recursion limits of Python are made for 8 MiB and more."""

_own = weakref.WeakSet()


class ThreadsReplaced(RuntimeError):
    """A library for green threads (gevent, eventlet) has replaced the threads of the whole process.

    A native thread that waits for a green thread is blocked permanently.
    """

    def __init__(self):
        super().__init__("a plugin replaced the threads of Python for the whole process, as gevent and eventlet do")


def threads_are_replaced():
    return state_snapshot.threads() != "_thread"


def start_thread(name, function, *args):
    """Start a daemon thread.

    Raises ``ThreadsReplaced``, or another ``RuntimeError`` if the system cannot start a thread.
    """
    if threads_are_replaced():
        raise ThreadsReplaced
    thread = threading.Thread(target=function, args=args, name=name, daemon=True)
    _own.add(thread)
    before = threading.stack_size(_STACK_BYTES)
    try:
        thread.start()
    finally:
        threading.stack_size(before)


def other_threads():
    """Return the running threads that ``start_thread`` has started, other than the calling thread."""
    current = threading.current_thread()
    return [thread for thread in threading.enumerate() if thread is not current and thread in _own]
