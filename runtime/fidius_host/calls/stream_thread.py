"""A thread for one call with streams: it waits for the host, and must not occupy a thread of the pool meanwhile."""

from ..stopping.interruption import FidiusCancelled
from ..transport.protocol import STOPPED, frame
from .threads import start_thread
from .worker import Worker


class StreamThread:
    """Runs one call. As long as it runs, it is among the ``threads`` of the loops, where cancellations find it."""

    is_loop = False

    def __init__(self, plugin, loops, conversation, runner, connection):
        self.plugin = plugin.name
        self.worker = Worker(loops.lock, "fidius-stream-%d" % conversation.call)
        self._loops = loops
        self._conversation = conversation
        conversation.note_cancelled = self.worker.note_cancelled
        self._runner = runner
        self._connection = connection

    def start(self, plugin, method, flags, data):
        call = self._conversation.call
        self.worker.starting = call
        with self._loops.lock:
            self._loops.threads.append(self)
        try:
            start_thread(self.worker.name, self._serve, plugin, method, flags, data)
        except BaseException:
            self._end()
            raise

    def cancel(self, call):
        """Tell whether the call is this one, which has not begun. Under the lock."""
        return self.worker.starting == call and self.worker.call != call

    def end_soon(self):
        self._conversation.cancel()

    def end(self):
        self.end_soon()

    def _serve(self, plugin, method, flags, data):
        worker, call = self.worker, self._conversation.call
        worker.adopt_thread()
        try:
            if self._conversation.cancelled:
                answer = self._runner.skip(flags, call, data)
            else:
                answer = self._runner.run(worker, plugin, method, flags, call, data, self._adopt)
        except FidiusCancelled:
            answer = frame(STOPPED, call)
        except BaseException as error:
            answer = self._runner.raised(worker, call, error)
        try:
            if answer:
                self._runner.conversations.end(call)
                self._connection.send([answer])
        except OSError:
            pass  # the connection has ended, which its reader notices, too
        finally:
            self._end()
            self._runner.answered()

    def _adopt(self, plugin, method, flags, call, coroutine):
        self._loops.adopt(plugin, method, flags, call, coroutine)

    def _end(self):
        with self._loops.lock:
            self.worker.starting = None
            if self in self._loops.threads:
                self._loops.threads.remove(self)
