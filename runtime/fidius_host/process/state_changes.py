"""Reports to hosts what their plugins have changed for the whole process.

The state is compared after loads and when no more calls arrive, because the comparison takes longer than most calls. A
change is attributed to all plugins that have run since the last comparison, including those of other hosts. Their hosts
receive a notice that names them. If no plugin has run, the host itself or a thread of a plugin has made the change, and
all hosts receive the notice.
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
    """A host that receives notices.

    ``notify`` is called with ``(kind, before, after, plugins)``, under a lock, by any thread. ``recent`` returns the
    names of the plugins that have run since it was last called with ``True``.
    """

    def __init__(self, key, notify, recent=lambda clear: ()):
        self.key = key
        self.notify = notify
        self._recent = recent
        self._ran = set()
        self._running = {}
        self._folders = {}
        _take_baseline()
        _watches[key] = self

    def begin(self, name):
        """Record that a plugin runs from now on."""
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
        """Report earlier changes, so that they are not attributed to the plugin that is loaded next."""
        report()
        self._folders[name] = tuple(path + os.sep for path in (folder, os.path.realpath(folder)))
        self.begin(name)

    def end_load(self, name):
        report()
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


def _take_baseline():
    """Record the state of the process when the first host begins to watch."""
    global _known
    with _lock:
        if _known is None:
            _known = state_snapshot.snapshot()


def report():
    """Compare the state with the last one, and report the changes."""
    global _known
    with _lock:
        ran = _ran(True)
        now = state_snapshot.snapshot()
        before, _known = _known, now
        found = [
            (kind, change)
            for kind in now
            if (change := state_snapshot.changed(kind, before[kind], now[kind])) is not None
        ]
        if not found:
            return
        # And plugins that began to run while the state was read: their changes may be in this state or in the next one.
        ran |= _ran(False)
        for kind, (was, is_) in found:
            _report_to(kind, was, is_, _narrow_down(kind, ran))


def _ran(clear):
    return {(key, name) for key, watch in list(_watches.items()) for name in watch.plugins(clear)}


def _narrow_down(kind, ran):
    """Return those of the plugins whose code has replaced other code, or all if the code is not theirs."""
    files = state_snapshot.replaced_by(kind)
    if not files:
        return ran
    owners = {(key, name) for key, name in ran if any(_watches[key].is_code_of(name, file) for file in files)}
    return owners or ran


def _report_to(kind, before, after, ran):
    names = sorted({name for _, name in ran})
    keys = {key for key, _ in ran} or set(_watches)
    for key in keys:
        watch = _watches.get(key)
        if watch is not None:
            watch.notify(kind, before, after, names)


def thread_times(idents):
    """Return the processor time of threads, by ``ident``: a thread that has not run since the last time has changed
    nothing.

    Empty where the system does not provide it.
    """
    if not sys.platform.startswith("linux"):
        return {}
    found = {}
    for thread in threading.enumerate():
        if thread.ident in idents and thread.native_id is not None:
            try:
                # The clock of one thread. `pthread_getcpuclockid` would return the same, but crashes for ended threads.
                found[thread.ident] = time.clock_gettime((~thread.native_id << 3) | 6)
            except OSError:
                pass
    return found
