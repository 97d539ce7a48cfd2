"""The Python side of the end of the host's process."""

import sys
import threading

from . import lazy_imports


def blocking_threads():
    """Return the names of the threads that finalization would wait for, other than the calling thread."""
    current = threading.current_thread()
    return [
        thread.name
        for thread in threading.enumerate()
        if thread is not current and not thread.daemon and thread is not threading.main_thread()
    ]


def forget_main_thread():
    """Keep finalization from waiting for the thread that started Python, if another thread finalizes.

    That thread was a worker thread of the host. It has ended or ends after Python, and in both cases its thread state
    stays. Until CPython 3.12 ``threading`` waits for each thread by a lock that is released with the thread state.
    """
    main = threading.main_thread()
    lock = getattr(main, "_tstate_lock", None)
    if lock is not None and main.ident != threading.get_ident():
        with threading._shutdown_locks_lock:
            threading._shutdown_locks.discard(lock)


def stop_servers(seconds):
    """End the threads of all call servers before finalization, and wait for them at most ``seconds``.

    Open files of a plugin are only flushed if no frame of another thread refers to them any more. Returns
    ``[[server, lines], ...]``, see ``call_server.end_captures``.
    """
    server = lazy_imports.loaded("server.call_server")
    output = lazy_imports.loaded("process.captured_output")
    if server is not None:
        server.stop_all(seconds)
    if output is not None:
        output.run_exit_functions()
    return [] if server is None else server.end_captures()


def run_exit_functions():
    """Run the ``atexit`` functions and flush the streams, for an exit without finalization."""
    import atexit

    atexit._run_exitfuncs()
    flush()


def flush():
    """Flush the standard streams. A closed or broken stream is not an error."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            pass
