"""The threads of the call server, which must be those of Python itself."""

import threading

from ..process import state_snapshot

_STACK_BYTES = 16 << 20
"""Address space for a thread's stack; Python's limits on recursion are made for 8 MiB and more."""


class ThreadsReplaced(RuntimeError):
    """Libraries for green threads (gevent, eventlet) can put theirs in place of everybody's.

    Whoever waits for one of those waits for ever, unless it is one itself.
    """

    def __init__(self):
        super().__init__("a plugin replaced the threads of Python for the whole process, as gevent and eventlet do")


def threads_are_replaced():
    return state_snapshot.threads() != "_thread"


def start_thread(name, function, *args):
    """Start a daemon thread with a stack of our size; raise ``ThreadsReplaced``, or ``RuntimeError`` when there is none left."""
    if threads_are_replaced():
        raise ThreadsReplaced
    before = threading.stack_size(_STACK_BYTES)
    try:
        threading.Thread(target=function, args=args, name=name, daemon=True).start()
    finally:
        threading.stack_size(before)
