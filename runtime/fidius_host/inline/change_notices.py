"""Changes of the process state, for hosts that call plugins on their own thread: they poll for the notices."""

import itertools

from ..process import state_changes

_MAX_PENDING = 1000
"""Changes kept per host. A worker thread that was terminated never takes them."""

_numbers = itertools.count(1)
_pending = {}


def start():
    """Begin to watch for a host, and return its key."""
    key = "inline %d" % next(_numbers)
    pending = _pending[key] = []
    state_changes.Watch(key, lambda *change: pending.append(list(change)) if len(pending) < _MAX_PENDING else None)
    return key


def begin_load(key, name, folder):
    state_changes.watch(key).begin_load(name, folder)


def end_load(key, name):
    """End a load, and return the changes found so far."""
    state_changes.watch(key).end_load(name)
    return _take(key)


def begin_calls(key, name):
    """Record that a plugin is called on the thread of its host from now on."""
    watch = state_changes.watch(key)
    if watch is not None:
        watch.begin(name)


def end_calls(key, names):
    """Record that calls of plugins have ended, and return the changes found so far."""
    watch = state_changes.watch(key)
    state_changes.report()
    for name in names:
        watch.end(name)
    watch.plugins(True)
    return _take(key)


def stop(key):
    """Stop watching, and return the remaining changes."""
    state_changes.report()
    state_changes.watch(key).close()
    found = _take(key)
    del _pending[key]
    return found


def _take(key):
    found = list(_pending[key])
    _pending[key].clear()
    return found
