"""Carries calls of host functions from the threads of a call server to the host."""

import threading

from .. import codec
from ..calls.worker import of_this_thread
from ..conversations import host_calls
from ..plugins import host_functions


class HostCarrier:
    """The way to the host of the plugins of one server."""

    def __init__(self, pool, calls):
        self._pool = pool
        self._calls = calls

    def call(self, link, interface, function, arguments):
        worker = of_this_thread()
        data = host_functions.encode_arguments(codec.encode, arguments)
        number = _call_of(worker)
        blocks_loop = worker is not None and self._pool.waits.is_loop(worker)

        self._check(link)
        woken = threading.Lock()
        woken.acquire()
        waiting = self._calls.begin(number, link.key, interface, function, data, blocks_loop, woken.release, worker)
        # A thread that reads the result itself saves the change to another thread, which takes longer than most functions.
        if worker is None or not self._pool.waits.read_until(worker, waiting.is_settled):
            waits = worker is not None and self._pool.waits.begin_wait(worker)
            try:
                woken.acquire()
            finally:
                if waits:
                    self._pool.waits.end_wait(worker)
        return host_calls.result_of(waiting, host_functions.failure, _note_cancelled(worker))

    async def call_async(self, link, interface, function, arguments):
        worker = of_this_thread()
        data = host_functions.encode_arguments(codec.encode, arguments)
        number = _call_of(worker)
        self._check(link)
        waiting = await host_calls.begin_on_loop(
            lambda wake: self._calls.begin(number, link.key, interface, function, data, False, wake),
            self._calls.forget,
        )
        return host_calls.result_of(waiting, host_functions.failure, _note_cancelled(worker))

    @staticmethod
    def _check(link):
        if link.closed:
            raise host_functions.failure("FIDIUS_PLUGIN_CLOSED", "the plugin was closed")


def _call_of(worker):
    call = None if worker is None else worker.call
    return call if call is not None and call > 0 else 0


def _note_cancelled(worker):
    return (lambda: None) if worker is None else worker.note_cancelled
