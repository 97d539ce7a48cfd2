"""Keeps a forked copy of the host from running on as a second host."""

import os


def mark_children(flag):
    """Make every forked child set ``flag[0]``, a byte of the host's memory that it looks at when a call returns.

    The child of ``os.fork()`` in a plugin has one thread and half of Node's locks. It may go on in Python (this is how
    ``multiprocessing`` works), but must not come back to JavaScript; the host ends it when it sees the mark. The
    child's write is to its own copy of the memory.
    """

    def mark():
        flag[0] = 1

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=mark)
