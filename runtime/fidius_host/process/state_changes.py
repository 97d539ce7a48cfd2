"""Tells hosts what their plugins have changed for the whole process.

The state is looked at after loads and whenever calls have come to rest, because looking takes longer than most calls do.
Whose a change is follows from which plugins ran since the last look, those of other hosts included. A notice names all of
them and goes to their hosts. When none ran, it was the host itself or a thread of a plugin, and all hosts are told.
"""

import os
import sys
import threading
import time

from . import state_snapshot

_lock = threading.RLock()
_watches = {}
_known = None


class Watch:
    """One host that wants to be told.

    ``tell`` is called with ``(kind, before, after, plugins)``, under a lock, from any thread. ``recent`` gives the names of
    plugins that ran since it was last called with ``True``.
    """

    def __init__(self, key, tell, recent=lambda clear: ()):
        self.key = key
        self.tell = tell
        self._recent = recent
        self._ran = set()
        self._running = {}
        self._folders = {}
        _begin()
        _watches[key] = self

    def begin(self, name):
        """A plugin runs from now on."""
        with _lock:
            self._running[name] = self._running.get(name, 0) + 1

    def end(self, name):
        with _lock:
            count = self._running.pop(name, 0)
            if count > 1:
                self._running[name] = count - 1
            if count > 0:
                self._ran.add(name)

    def plugins(self, clear):
        found = {*self._recent(clear), *self._ran, *self._running}
        if clear:
            self._ran.clear()
        return found

    def begin_load(self, name, folder):
        """What was changed so far is not the doing of the plugin that is loaded next."""
        settle()
        self._folders[name] = tuple(path + os.sep for path in (folder, os.path.realpath(folder)))
        self.begin(name)

    def end_load(self, name):
        settle()
        with _lock:
            self.end(name)
            self._ran.discard(name)

    def is_code_of(self, name, file):
        return file.startswith(self._folders.get(name, ()))

    def close(self):
        _watches.pop(self.key, None)


def watch(key):
    """Return the watch of a host, or ``None`` if it was closed."""
    return _watches.get(key)


def _begin():
    """Take the state as it is when the first host begins to watch."""
    global _known
    with _lock:
        if _known is None:
            _known = state_snapshot.snapshot()


def settle():
    """Look at the state, and tell of what changed since the last time."""
    global _known
    with _lock:
        ran = _ran(True)
        now = state_snapshot.snapshot()
        before, _known = _known, now
        found = [
            (kind, change) for kind in now if (change := state_snapshot.changed(kind, before[kind], now[kind])) is not None
        ]
        if not found:
            return
        # And those that began while the state was read: their changes may be in it, or in the next one.
        ran |= _ran(False)
        for kind, (was, is_) in found:
            _tell(kind, was, is_, _narrow(kind, ran))


def _ran(clear):
    return {(key, name) for key, watch in list(_watches.items()) for name in watch.plugins(clear)}


def _narrow(kind, ran):
    """Those of the plugins whose code stands in place of other code now, if it is code of theirs."""
    files = state_snapshot.replaced_by(kind)
    if not files:
        return ran
    owners = {(key, name) for key, name in ran if any(_watches[key].is_code_of(name, file) for file in files)}
    return owners or ran


def _tell(kind, before, after, ran):
    names = sorted({name for _, name in ran})
    keys = {key for key, _ in ran} or set(_watches)
    for key in keys:
        watch = _watches.get(key)
        if watch is not None:
            watch.tell(kind, before, after, names)


def thread_times(idents):
    """Processor time of threads so far, by ``ident``: one that stood still since the last time has changed nothing.

    Empty where the system does not tell.
    """
    if not sys.platform.startswith("linux"):
        return {}
    found = {}
    for thread in threading.enumerate():
        if thread.ident in idents and thread.native_id is not None:
            try:
                # The clock of one thread, as `pthread_getcpuclockid` makes it, which crashes for threads that ended.
                found[thread.ident] = time.clock_gettime((~thread.native_id << 3) | 6)
            except OSError:
                pass
    return found
