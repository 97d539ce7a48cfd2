"""The call server: reads calls from a socket, runs them on its own threads, and sends the answers.

It does not depend on where the host runs. Only the two sockets differ between a server in the host's process and one in
a child process, and whether the two sides share memory.
"""

import functools
import itertools
import os
import sys
import threading
import time
import weakref

from .. import codec
from ..calls import threads
from ..calls.call_runner import ANSWERED_LATER, CallRunner
from ..conversations.conversation import Conversations
from ..calls.events import ServerEvents
from ..calls.plugin_loops import PluginLoops
from ..calls.pool import Pool
from ..calls.served_plugin import ALWAYS_SLOW, ON_LOOP, STREAMS, ServedPlugin
from ..calls.threads import ThreadsReplaced
from ..calls.worker import of_this_thread
from ..codec import error_description
from ..plugins import load_position, loading
from ..process import state_changes
from ..transport import conversation, protocol
from ..transport.connection import Connection
from ..transport.protocol import ProtocolError, VersionMismatch, frame
from ..transport.separate_memory import SeparateMemory
from .control_thread import ControlThread
from .recent_plugins import RecentPlugins

_INTERRUPT_SECONDS = 0.01
"""How often running calls are interrupted at the end of the process."""

_CLOSE_SECONDS = 5.0
"""How long the asynchronous end of a configured instance may take."""

_numbers = itertools.count(1)
_servers = weakref.WeakSet()


class Server(ServerEvents):
    """``data`` and ``control`` are the server's ends of two stream sockets. The server closes them at its end.

    ``share_memory`` takes the threshold of the host and returns what keeps large payloads out of the frames. It is
    ``None`` if host and server are separate processes. ``host_ends`` are the descriptors of the host's ends if they are
    in this process: a forked copy of the process closes them, too. ``prepare`` takes what the host sets for the process
    of the server, before a plugin is loaded.
    """

    def __init__(self, data, control, share_memory=None, host_ends=(), prepare=None):
        self.number = next(_numbers)
        for channel in (data, control):
            channel.settimeout(None)  # a plugin may have changed the default timeout of sockets
        self.stopping = False
        self.pool = None
        self.lines = None
        """Captured output of the plugins, if the host wants it."""
        self._connection = Connection(data)
        self._control = ControlThread(self, control, self._connection)
        self._data = data
        self._share_memory = share_memory
        self._prepare = prepare
        self._shared_payloads = SeparateMemory()
        self._host_ends = [(descriptor, os.fstat(descriptor)) for descriptor in host_ends]
        """With their status: the host closes them, and their numbers are used again after that."""
        self._loops = PluginLoops(threading.RLock(), self._connection)
        self._loading = {}
        """The idents of threads that load plugins, by call."""
        self._recent = RecentPlugins()
        self._watch = state_changes.Watch("server %d" % self.number, self._post_change, self._recent.names)
        self._threads = 0
        self._threads_lock = threading.Lock()
        self._stopped = threading.Event()
        self._ended = threading.Event()

    def start(self):
        """Begin to serve on threads of the server. Raises ``RuntimeError`` if no thread can be started."""
        _servers.add(self)
        self.thread_started()
        try:
            threads.start_thread("fidius-start", self._handshake)
        except RuntimeError:
            self._watch.close()
            self.thread_ended()
            raise

    def wait_until_stopped(self):
        """Wait until the connection has ended. Calls may still be running."""
        self._stopped.wait()

    def wait(self):
        """Wait until all threads of the server have ended."""
        self._ended.wait()

    # the handshake

    def _handshake(self):
        try:
            settings = self._read_settings()
            if self._prepare is not None and settings.get("process") is not None:
                try:
                    self._prepare(settings["process"])
                except RuntimeError as error:
                    self.fail(str(error))
                    return
            if self._share_memory is not None and settings["referenceBytes"] is not None:
                self._shared_payloads = self._share_memory(settings["referenceBytes"])
            conversations = Conversations(self._connection, self._control.note_activity)
            runner = CallRunner(
                self._shared_payloads, self._loops.adopt, self._control.note_activity, conversations
            )
            self._loops.runner = runner
            pool = Pool(
                self,
                self._connection,
                runner,
                self._loops,
                self._shared_payloads,
                self._control,
                settings["threads"],
                settings["spareThreads"],
            )
            pool.plugins[0] = self._own_plugin()
            self.pool = self._recent.pool = pool
            if self.stopping:
                pool.close()  # `stop` has not seen the pool
            if settings["captureOutput"]:
                self._capture()
            self._send(frame(protocol.READY, 0, codec.encode(self._facts())))
            self._control.start(pool, runner)
            pool.start()
        except OSError:
            self.stop()
        except BaseException as error:
            self.fail_with(error)
        finally:
            self.thread_ended()

    def _read_settings(self):
        connection = self._connection
        while True:
            held = connection.end - connection.at
            if held >= protocol.HEADER_BYTES:
                size, kind, _, version, _, _ = protocol.HEADER.unpack_from(connection.view, connection.at)
                if kind != protocol.HANDSHAKE:
                    raise ProtocolError("a frame of type %d before the handshake" % kind)
                if version != protocol.VERSION:
                    raise VersionMismatch(version)
                start = connection.at + protocol.HEADER_BYTES
                if start + size <= connection.end:
                    connection.at = start + size
                    return codec.decode(connection.view[start : start + size])
            if not connection.receive(held > 0):
                raise ConnectionError("the host closed the connection before the handshake")

    def _facts(self):
        return {"version": protocol.VERSION}

    def _capture(self):
        from ..process import captured_output

        wake = self._control.wake if self._prepare is None else self._send_lines
        self.lines = self._connection.lines = captured_output.Lines(wake, self._current_plugin)
        captured_output.begin(self.lines)

    def _send_lines(self):
        """Send output at once, on the thread that has written it: the process may crash next."""
        if not self._connection.try_flush():
            self._control.wake()

    def _current_plugin(self):
        """Return the name of the plugin whose call the current thread runs, or ``None``."""
        worker = self.pool.current()
        return None if worker is None or worker.call is None else worker.plugin.name

    # methods of the server itself, which the host calls as those of plugin 0

    OWN_METHODS = ("load", "unload", "end_capture", "end_sync_calls")

    def _own_plugin(self):
        functions = [getattr(self, name) for name in self.OWN_METHODS]
        return ServedPlugin(0, "fidius", functions, [ALWAYS_SLOW] * len(functions), limit=1 << 30)

    def load(self, request):
        """Load a package as ``loading.load`` does, on a new loop thread if ``ownThread`` is set."""
        load = functools.partial(self._load_here, request)
        name = request["plugin"]
        if not request["ownThread"]:
            return load(None)
        worker = self.pool.current()
        call = worker.call
        worker.end_window()
        loop = self._loops.start(name)
        loop.submit(ServedPlugin(0, name, [lambda: load(loop)], [0], limit=1), 0, 0, call, codec.encode(()))
        return ANSWERED_LATER

    def _load_here(self, request, loop):
        name, folder = request["plugin"], request["folder"]
        worker = self.pool.current()
        # The plugin has no number yet, but its import may print.
        worker.plugin = ServedPlugin(0, name, [], [], limit=1)
        link = worker.plugin.host_link = self._host_link(request.get("hostFunctions"))
        if self.lines is not None:
            self.lines.claim(folder, name)
        self._watch.begin_load(name, folder)
        call = worker.call
        self._loading[call] = worker.ident
        loops = [] if loop is None else [loop]
        try:
            outcome = loading.load(
                request,
                worker.end_window,
                lambda coroutine: self._run_coroutine(coroutine, name, worker, loop, loops),
                link,
            )
        finally:
            del self._loading[call]
            self._watch.end_load(name)
        self.report_changes()
        number = outcome.get("plugin")
        if number is not None:
            special, streams = _flags(request["methods"], outcome["methods"], loop is not None)
            limit = request["limits"]["maxConcurrent"]
            strict = limit is not None
            if not strict:
                limit = self.pool.default_limit
            callables, new_context = loading.callables(number), loading.contexts(number).new
            plugin = ServedPlugin(
                number, name, callables, special, limit, strict, loops[0] if loops else None, new_context
            )
            plugin.streams = streams
            plugin.owns_thread = loop is not None
            plugin.host_link = link
            self.pool.plugins[number] = plugin
        else:
            for each in loops:
                self._loops.end(each)
        return outcome

    def _host_link(self, provided):
        """Return what passes calls of host functions on; ``None`` for a plugin that gets none."""
        if provided is None:
            return None
        # Not every host provides functions.
        from .host_carrier import HostCarrier
        from ..plugins import host_functions

        if _link_of_this_thread not in host_functions.finders:
            host_functions.finders.append(_link_of_this_thread)
        carrier = HostCarrier(self.pool, self.pool.conversations.host_calls)
        return host_functions.HostLink(provided["key"], provided["interfaces"], carrier)

    def _run_coroutine(self, coroutine, name, worker, own, loops):
        """Run the coroutine of a load on the loop that later runs those of the plugin, and return its result."""
        if own is not None:
            coroutine.close()
            raise RuntimeError("__fidius_configure__ cannot be asynchronous in a plugin with ownThread")
        worker.end_window()  # a thread is started
        loop = self._loops.start(name)
        loops.append(loop)
        return loop.run(coroutine)

    def unload(self, number, references):
        """Unload a plugin. Its calls have ended, or were cancelled and may still be running.

        ``references`` are the addresses of objects that the host does not use any more. The host does not release them
        itself because it would have to wait for the GIL.
        """
        self.pool.current().end_window()
        # Before the plugin is removed, so that changes are attributed to it.
        self.report_changes()
        if references:
            from ..transport.shared_payloads import release_objects  # memory is shared if there are any

            release_objects(references)
        plugin = self.pool.plugins.pop(number, None)
        if plugin is None:
            return
        self.pool.skip_waiting(plugin)
        self._close_instance(number, plugin)
        loading.unload(number)
        link = plugin.host_link
        if link is not None:
            from ..plugins import host_functions

            host_functions.close_link(link)
            self.pool.conversations.host_calls.close_plugin(link.key)
        if plugin.loop is not None:
            self._loops.end(plugin.loop)

    def _close_instance(self, number, plugin):
        """Close the object that the plugin was configured with, if there is one."""
        if not loading.is_configured(number):
            return
        before = self.pool.current().begin_output(plugin)
        try:
            if plugin.owns_thread:
                plugin.loop.run(loading.close_instance_on_loop(number), _CLOSE_SECONDS, plugin)
            else:
                loading.close_instance(number, lambda closing: self._run_for(plugin, closing))
        except TimeoutError:
            loading.print_error()
        finally:
            self.pool.current().end_output(before)

    def _run_for(self, plugin, coroutine):
        return self._loops.of(plugin).run(coroutine, _CLOSE_SECONDS, plugin)

    def end_sync_calls(self, names):
        """Record that the thread of the host has called plugins without this server, and that these calls have ended.
        """
        for name in names:
            self._watch.end(name)
        self._control.watch()

    def end_capture(self):
        """Stop capturing output, and return the lines that were not sent."""
        if self.lines is None:
            return []
        from ..process import captured_output

        captured_output.end(self.lines)
        return self.lines.take_all()

    # events of the threads

    def thread_started(self):
        with self._threads_lock:
            self._threads += 1

    def thread_ended(self):
        with self._threads_lock:
            self._threads -= 1
            last = self._threads == 0
        if last:
            if self.pool is not None:
                self.pool.discard_unread()
            for each in self._sockets():
                each.close()
            self._stopped.set()
            self._ended.set()

    def post(self, frame):
        self._connection.post(frame)
        self._control.wake()

    def report_changes(self):
        """Compare the state of the process, and report changes to the hosts.

        Fails if a plugin has replaced the threads.
        """
        state_changes.report()
        if threads.threads_are_replaced():
            self.fail_with(ThreadsReplaced())

    def report_load_position(self, call):
        ident = self._loading.get(call)
        if ident is not None:
            self.post(conversation.load_position(call, codec.encode(load_position.of_load(ident))))

    def fail_with(self, error):
        if isinstance(error, ProtocolError):
            self.fail(str(error), protocol_violation=True)
        elif isinstance(error, (ThreadsReplaced, VersionMismatch)):
            self.fail(str(error))
        else:
            self.fail(error_description.describe(error)["traceback"])

    def fail(self, reason, protocol_violation=False):
        """Send the reason to the host, and stop. ``protocol_violation``: the host has sent something invalid."""
        # The host may still have to copy payloads that it was given references to.
        _abandoned.append(self._shared_payloads)
        try:
            facts = {"reason": reason, "protocolViolation": protocol_violation, "version": protocol.VERSION}
            self._send(frame(protocol.FAILED, 0, codec.encode(facts)))
        except OSError:
            pass
        self.stop()

    def stop(self, keep_capture=False):
        """End all threads as soon as possible. May be called by any thread, more than once."""
        if self.stopping:
            return
        self.stopping = True
        self._watch.close()
        self._connection.shut_down()
        if not keep_capture:
            self.end_capture()
        self._control.close()
        pool = self.pool
        if pool is not None:
            pool.close()
            pool.conversations.cancel_all()
            self.interrupt_calls()
            with pool.lock:
                loops = list(self._loops.threads)
            for loop in loops:
                loop.end_soon()
        self._stopped.set()

    def interrupt_calls(self):
        return self.pool is not None and self.pool.interrupt_calls()

    def _post_change(self, kind, before, after, plugins):
        notice = {"kind": kind, "before": before, "after": after, "plugins": plugins}
        self.post(frame(protocol.PROCESS_CHANGE, 0, codec.encode(notice)))

    def _send(self, frame):
        self._connection.send([frame])

    def _sockets(self):
        return (self._data, *self._control.sockets())

    def close_in_child(self):
        """Close the connection in a forked copy of this process, where none of the calls may be answered."""
        if self.pool is not None:
            for worker in self.pool.all_workers():
                worker.forked = worker.needs_attention = True
        for each in self._sockets():
            each.close()
        for descriptor, before in self._host_ends:
            try:
                if os.path.samestat(os.fstat(descriptor), before):
                    os.close(descriptor)
            except OSError:
                pass


def report_progress(fraction, message):
    """Report on the call that runs on this thread. The SDK finds this function by its name (``fidius._progress``)."""
    worker = of_this_thread()
    call = None if worker is None else worker.call
    if call is None or call <= 0:
        return
    for server in list(_servers):
        if server.pool is not None and server.pool.current() is worker:
            text = None if message is None else str.__str__(message).encode("utf-8", "replace").decode("utf-8")
            server._send(conversation.progress(call, codec.encode([fraction, text])))


def _link_of_this_thread():
    """Return the ``HostLink`` of the plugin that runs on this thread, or ``None``."""
    worker = of_this_thread()
    return None if worker is None or worker.plugin is None else worker.plugin.host_link


def _flags(methods, kinds, owns_thread):
    """Return the flags of the methods of a plugin, and how those stream that do."""
    special, streams = [], {}
    for index, (method, kind) in enumerate(zip(methods, kinds)):
        takes, returns = method["streamIn"], method["streamOut"]
        is_async = kind in ("coroutine", "asyncGenerator")
        flags = ON_LOOP if owns_thread or kind == "coroutine" or (returns and is_async) else 0
        if takes or returns:
            flags |= STREAMS
            streams[index] = (takes, returns, is_async)
        special.append(flags)
    return special, streams


_abandoned = []


def _close_servers_in_child():
    for server in list(_servers):
        server.close_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close_servers_in_child)


def stop_all(seconds):
    """Stop every server of this process, and wait for their threads, at most ``seconds`` in total.

    Returns whether all threads have ended.
    """
    for server in list(_servers):
        server.stop(keep_capture=True)
    deadline = time.monotonic() + seconds
    for thread in threads.other_threads():
        try:
            while thread.is_alive() and time.monotonic() < deadline:
                thread.join(_INTERRUPT_SECONDS)
                for server in list(_servers):
                    server.interrupt_calls()
        except RuntimeError:
            pass  # the thread is about to be started
    return not threads.other_threads()


def end_captures():
    """Return ``[[server, lines], ...]``: the output that servers could not send any more."""
    return [[server.number, lines] for server in list(_servers) if (lines := server.end_capture())]
