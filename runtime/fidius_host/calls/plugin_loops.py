"""The event loops of the plugins of one call server."""

import threading


class PluginLoops:
    """Makes, keeps and ends the loop threads. ``lock`` is the lock of the pool."""

    def __init__(self, lock, connection):
        self.lock = lock
        self.runner = None
        """The ``CallRunner`` of the server. Set before the first call."""
        self.threads = []
        """All loop threads. Changed under the lock."""
        self._connection = connection
        self._creating = threading.Lock()

    def of(self, plugin):
        """Return the loop of a plugin's coroutines; start one if it has none."""
        if plugin.loop is None:
            with self._creating:
                if plugin.loop is None:
                    plugin.loop = self.start(plugin.name)
        return plugin.loop

    def adopt(self, plugin, method, flags, call, coroutine):
        """Run a coroutine that a function has returned on the loop of its plugin."""
        self.of(plugin).adopt(plugin, method, flags, call, coroutine)

    def start(self, name):
        """Start a loop on a thread only for this plugin. Must not be called while the calling thread may be interrupted.

        An interrupted import would leave a module incomplete. And if a thread is interrupted while it starts another
        one, CPython may interrupt the new thread instead, which then never runs.
        """
        from .loop_thread import LoopThread  # asyncio takes 30 ms to import, and not every host needs it

        loop = LoopThread(self.lock, name, self._connection, self.runner)
        with self.lock:
            self.threads.append(loop)
        return loop

    def end(self, loop):
        """End a loop that is not used any more."""
        loop.end()
        with self.lock:
            self.threads.remove(loop)
