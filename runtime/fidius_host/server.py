"""The call server: reads calls from a socket, runs them on threads of its own, and answers.

It knows nothing of who is at the other end. In the host's own process that is another thread, later another process: only
what carries the two sockets differs, and whether memory is shared.
"""

import functools
import itertools
import os
import sys
import threading
import time
import weakref

from . import environment, errors, interrupt, loading, place, protocol, values
from .answering import LATER, Answering
from .connection import Connection
from .control import Control
from .pool import Pool
from .protocol import ProtocolError, frame
from .references import NoReferences
from .targets import ALWAYS_SLOW, ON_LOOP, Target
from .threads import ThreadsReplaced, start_thread, threads_are_replaced

_INTERRUPT_SECONDS = 0.01
"""How often to interrupt what runs at the end of the process."""

_numbers = itertools.count(1)
_servers = weakref.WeakSet()


class Server:
    """``data`` and ``control`` are the server's ends of two stream sockets, which it closes in the end.

    ``share_memory`` makes, of the host's threshold, what keeps large payloads out of the frames; ``None`` where host and
    server are two processes. ``foreign`` are descriptors of the host's ends, if they are in this process: a forked copy
    closes them too.
    """

    def __init__(self, data, control, share_memory=None, foreign=()):
        self.number = next(_numbers)
        for channel in (data, control):
            channel.settimeout(None)  # a plugin may have set another default for the sockets of this process
        self.stopping = False
        self.pool = None
        self.references = NoReferences()
        self.lines = None
        """Lines that plugins wrote, if the host wants them."""
        self._connection = Connection(data)
        self.control = Control(self, control, self._connection)
        self._data = data
        self._share_memory = share_memory
        self._foreign = [(descriptor, os.fstat(descriptor)) for descriptor in foreign]
        """With what they are: the host closes them, and their numbers are given to others then."""
        self._loading = {}
        """The threads that load plugins, by call."""
        self._watch = environment.Watch("server %d" % self.number, self._tell, self._recent_plugins)
        self._busy = {}
        """By thread what it ran when the state was last looked at: ``(call, name, processor time)``."""
        self._threads = 0
        self._threads_lock = threading.Lock()
        self._loops_lock = threading.Lock()
        self._over = threading.Event()

    def start(self):
        """Begin to serve, on threads of its own; raise ``RuntimeError`` when there is none to be had."""
        _servers.add(self)
        self.thread_begins()
        try:
            start_thread("fidius-start", self._greet)
        except RuntimeError:
            self._watch.close()
            self.thread_ended()
            raise

    # greeting

    def _greet(self):
        try:
            settings = self._read_greeting()
            if self._share_memory is not None and settings["referenceBytes"] is not None:
                self.references = self._share_memory(settings["referenceBytes"])
            self.answering = Answering(self.references, self._adopt, self.control.stay_awake)
            if settings["captureOutput"]:
                self._capture()
            self.pool = Pool(self, self._connection, self.answering, settings["threads"], settings["spareThreads"])
            self.pool.targets[0] = self._own_functions()
            self.send(frame(protocol.WELCOME, 0, values.encode(self._facts())))
            self.control.start()
            self.pool.start()
        except OSError:
            self.stop()
        except BaseException as error:
            self.fail_with(error)
        finally:
            self.thread_ended()

    def _read_greeting(self):
        connection = self._connection
        while True:
            held = connection.end - connection.at
            if held >= protocol.HEADER_BYTES:
                size, kind, _, version, _, _ = protocol.HEADER.unpack_from(connection.view, connection.at)
                if kind != protocol.HELLO or version != protocol.VERSION:
                    raise ProtocolError("a greeting of type %d, version %d" % (kind, version))
                start = connection.at + protocol.HEADER_BYTES
                if start + size <= connection.end:
                    connection.at = start + size
                    return values.decode(connection.view[start : start + size])
            if not connection.receive(held > 0):
                raise ConnectionError("the host went away")

    def _facts(self):
        return {
            "version": protocol.VERSION,
            "python": "%d.%d.%d" % sys.version_info[:3],
            "process": os.getpid(),
            "interrupts": interrupt.available,
        }

    def _capture(self):
        from . import output

        self.lines = self._connection.lines = output.Lines(self.control.wake, self._plugin_here)
        output.begin(self.lines)

    def _plugin_here(self):
        """Name of the plugin whose call the current thread runs."""
        worker = self.pool.current()
        return None if worker is None or worker.call is None else worker.target.name

    # what the host can ask of the server itself: the methods of target 0

    OWN_METHODS = ("load", "unload", "end_capture", "end_sync_calls")

    def _own_functions(self):
        functions = [getattr(self, name) for name in self.OWN_METHODS]
        return Target(0, "fidius", functions, [ALWAYS_SLOW] * len(functions), limit=1 << 30)

    def load(self, name, folder, entry_module, interface_hash, methods, refuse_external, limit, own_thread):
        """Load a package as ``loading.load`` does, on a thread of its own if asked to."""
        source = (folder, entry_module, interface_hash, methods, refuse_external)
        load = functools.partial(self._load_here, name, source, limit)
        if not own_thread:
            return load(None)
        worker = self.pool.current()
        call = worker.call
        worker.end_window()
        loop = self._new_loop(name)
        loop.submit(Target(0, name, [lambda: load(loop)], [0], limit=1), 0, 0, call, values.encode(()))
        return LATER

    def _load_here(self, name, source, limit, loop):
        folder = source[0]
        worker = self.pool.current()
        # While it is imported the plugin has no number, but it may print.
        worker.target = Target(0, name, [], [], limit=1)
        if self.lines is not None:
            self.lines.claim(folder, name)
        self._watch.begin_load(name, folder)
        call = worker.call
        self._loading[call] = worker.ident
        try:
            outcome = loading.load(*source, worker.end_window)
        finally:
            del self._loading[call]
            self._watch.end_load(name)
        self.report_changes()
        number = outcome.get("plugin")
        if number is not None:
            special = [ON_LOOP if loop or kind == "coroutine" else 0 for kind in outcome["methods"]]
            strict = limit is not None
            limit = limit if strict else self.pool.usual_limit
            callables, new_context = loading.callables(number), loading.contexts(number).new
            self.pool.targets[number] = Target(number, name, callables, special, limit, strict, loop, new_context)
        elif loop is not None:
            self._end_loop(loop)
        return outcome

    def tell_place(self, call):
        """Tell the host where a load stands that it has given up. By the control thread; says nothing of other calls."""
        ident = self._loading.get(call)
        if ident is not None:
            self.post(frame(protocol.PLACE, call, values.encode(place.of_load(ident))))

    def unload(self, number, references):
        """Give a plugin up. Its calls are over, or were given up and may go on until they are done.

        ``references`` are addresses of objects that the host refers to no longer: it would have to wait for the GIL.
        """
        self.pool.current().end_window()
        # As long as it is known whose the changes are.
        self.report_changes()
        if references:
            from .references import give_up  # where there are some, memory is shared

            give_up(references)
        target = self.pool.targets.pop(number, None)
        if target is None:
            return
        self.pool.skip_waiting(target)
        loading.unload(number)
        if target.loop is not None:
            self._end_loop(target.loop)

    def end_sync_calls(self, names):
        """The thread of the host has called plugins past this server, and is done for now."""
        for name in names:
            self._watch.end(name)
        self.control.watch()

    def report_changes(self):
        """Tell hosts what plugins have changed for the whole process. Give up when it is the threads."""
        environment.settle()
        if threads_are_replaced():
            self.fail_with(ThreadsReplaced())

    def _tell(self, kind, before, after, plugins):
        notice = {"kind": kind, "before": before, "after": after, "plugins": plugins}
        self.post(frame(protocol.NOTICE, 0, values.encode(notice)))

    def _recent_plugins(self, clear):
        """Names of the plugins that may have run since this was last called with ``clear``."""
        pool = self.pool
        if pool is None:
            return set()
        names = set()
        for target in list(pool.targets.values()):
            if target.ran and target.number:
                names.add(target.name)
                if clear:
                    target.ran = False
        # Calls that were under way then, or are now, and coroutines: unless their thread stood still all the time.
        busy = {worker.ident: _running(worker) for worker in list(pool.workers)}
        busy.update((loop.worker.ident, (None, loop.plugin)) for loop in list(pool.loops))
        busy = {ident: running for ident, running in busy.items() if running is not None}
        times = environment.thread_times(busy) if busy else {}
        now = {ident: (*running, times.get(ident)) for ident, running in busy.items()}
        before = self._busy
        for ident in before.keys() | now.keys():
            was, is_ = before.get(ident), now.get(ident)
            if was != is_ or was[2] is None:
                names.update(entry[1] for entry in (was, is_) if entry is not None)
        if clear:
            self._busy = now
        return names

    # loops

    def loop_of(self, target):
        """The loop of a plugin's coroutines. By the leader."""
        if target.loop is None:
            target.loop = self._new_loop(target.name)
        return target.loop

    def _adopt(self, target, method, flags, call, coroutine):
        with self._loops_lock:
            loop = self.loop_of(target)
        loop.adopt(target, method, flags, call, coroutine)

    def _new_loop(self, name):
        """A loop on a thread of its own. Not while the calling thread may be interrupted.

        A module that is imported for the first time must be whole afterwards. And where a thread is interrupted while it
        starts another one, CPython may interrupt the new one instead, which then never begins.
        """
        from .loop_thread import LoopThread  # asyncio takes 30 ms to import, and not every host needs it

        loop = LoopThread(self.pool.lock, name, self._connection, self.answering)
        with self.pool.lock:
            self.pool.loops.append(loop)
        return loop

    def _end_loop(self, loop):
        loop.end()
        with self.pool.lock:
            self.pool.loops.remove(loop)

    # the end

    def send(self, frame):
        self._connection.send([frame])

    def post(self, frame):
        """Have a frame sent soon. Never waits."""
        self._connection.post(frame)
        self.control.wake()

    def fail_with(self, error):
        """Give up because of an exception that no plugin raised."""
        if isinstance(error, ProtocolError):
            self.fail(str(error), lie=True)
        elif isinstance(error, ThreadsReplaced):
            self.fail(str(error))
        else:
            self.fail(errors.describe(error)["traceback"])

    def fail(self, reason, lie=False):
        """Tell the host why nothing works any more, and stop. ``lie``: it was the host who sent something impossible."""
        # The host may still be about to copy what it was referred to.
        _abandoned.append(self.references)
        try:
            self.send(frame(protocol.FAILED, 0, values.encode({"reason": reason, "lie": lie})))
        except OSError:
            pass
        self.stop()

    def stop(self, keep_capture=False):
        """End all threads, as soon as they can. May be called by any thread, again and again."""
        if self.stopping:
            return
        self.stopping = True
        self._watch.close()
        self._connection.shut_down()
        if not keep_capture:
            self.end_capture()
        self.control.wake()
        if self.pool is None:
            return
        with self.pool.lock:
            self.pool.release_idle()
            loops = list(self.pool.loops)
        self.interrupt_calls()
        for loop in loops:
            loop.end_soon()

    def interrupt_calls(self):
        """Interrupt what runs, and return whether something did. To be called again and again until nothing does."""
        if self.pool is None:
            return False
        running = False
        with self.pool.lock:
            for worker in [*self.pool.workers, *(loop.worker for loop in self.pool.loops)]:
                call = worker.call
                if call is not None:
                    running = True
                    worker.interrupt(call)
        return running

    def thread_ended(self):
        """Close the sockets with the last thread that might use them."""
        with self._threads_lock:
            self._threads -= 1
            last = self._threads == 0
        if last:
            if self.pool is not None:
                self.pool.forget_unread()
            for one in self._sockets():
                one.close()
            self._over.set()

    def wait(self):
        """Wait until every thread has ended."""
        self._over.wait()

    def thread_begins(self):
        with self._threads_lock:
            self._threads += 1

    def _sockets(self):
        return (self._data, *self.control.sockets())

    def forget_in_child(self):
        """In a forked copy of this process: leave the connection to the original, and let nothing come back to it."""
        if self.pool is not None:
            for worker in [*self.pool.workers, *(loop.worker for loop in self.pool.loops)]:
                worker.forked = worker.attention = True
        for one in self._sockets():
            one.close()
        for descriptor, before in self._foreign:
            try:
                if os.path.samestat(os.fstat(descriptor), before):
                    os.close(descriptor)
            except OSError:
                pass

    def end_capture(self):
        """Let plugins write where they would without a host; the lines that were not sent."""
        if self.lines is None:
            return []
        from . import output

        output.end(self.lines)
        return self.lines.take_rest()


def _running(worker):
    """The call of a plugin that a thread runs, as ``(call, name)``; ``None`` when it runs none."""
    call, target = worker.call, worker.target
    return None if call is None or target is None or not target.number else (call, target.name)


_abandoned = []


def _forget_servers():
    for server in list(_servers):
        server.forget_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_servers)


def stop_all(seconds):
    """Stop every server of this process and wait for their threads, at most ``seconds`` in all."""
    for server in list(_servers):
        server.stop(keep_capture=True)
    deadline = time.monotonic() + seconds
    for thread in threading.enumerate():
        if thread.name.startswith("fidius-") and thread is not threading.current_thread():
            try:
                while thread.is_alive() and time.monotonic() < deadline:
                    thread.join(_INTERRUPT_SECONDS)
                    for server in list(_servers):
                        server.interrupt_calls()
            except RuntimeError:
                pass  # about to be started


def end_captures():
    """``[[server, lines], ...]``: what plugins wrote and servers could not send any more."""
    return [[server.number, lines] for server in list(_servers) if (lines := server.end_capture())]
