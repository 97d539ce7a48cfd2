"""Which plugins may have changed the state of the process since it was last compared."""

from ..process import state_changes


class RecentPlugins:
    """The plugins of one call server that have run recently."""

    def __init__(self):
        self.pool = None
        """Set once the server has one."""
        self._busy = {}
        """For each thread, what it ran at the last comparison: ``(call, name, processor time)``."""

    def names(self, clear):
        """Return the names of the plugins that may have run since this was last called with ``clear``."""
        pool = self.pool
        if pool is None:
            return set()
        names = set()
        for plugin in list(pool.plugins.values()):
            if plugin.ran and plugin.number:
                names.add(plugin.name)
                if clear:
                    plugin.ran = False
        # And calls and coroutines that were running then or are running now, unless their thread has not run meanwhile.
        busy = {worker.ident: _running(worker) for worker in list(pool.workers)}
        busy.update((loop.worker.ident, (None, loop.plugin)) for loop in list(pool.loops.threads))
        busy = {ident: running for ident, running in busy.items() if running is not None}
        times = state_changes.thread_times(busy) if busy else {}
        now = {ident: (*running, times.get(ident)) for ident, running in busy.items()}
        before = self._busy
        for ident in before.keys() | now.keys():
            was, is_ = before.get(ident), now.get(ident)
            if was != is_ or was[2] is None:
                names.update(entry[1] for entry in (was, is_) if entry is not None)
        if clear:
            self._busy = now
        return names


def _running(worker):
    """Return the plugin call that a thread runs as ``(call, name)``, or ``None``."""
    call, plugin = worker.call, worker.plugin
    return None if call is None or plugin is None or not plugin.number else (call, plugin.name)
