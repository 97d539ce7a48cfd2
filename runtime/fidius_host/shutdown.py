"""What happens in Python when the host's process is about to end."""

import sys
import threading


def blocking_threads():
    """Names of the threads that finalization would wait for: alive, not daemons, not the one that asks."""
    current = threading.current_thread()
    return [
        thread.name
        for thread in threading.enumerate()
        if thread is not current and not thread.daemon and thread is not threading.main_thread()
    ]


def forget_main_thread():
    """Keep finalization from waiting for the thread that started Python, where the calling thread is not that one.

    It was a worker thread of the host. It has ended, or ends after Python has, and in both cases its thread state stays.
    Until CPython 3.12 ``threading`` waits for each thread by a lock that is released with the thread state.
    """
    main = threading.main_thread()
    lock = getattr(main, "_tstate_lock", None)
    if lock is not None and main.ident != threading.get_ident():
        with threading._shutdown_locks_lock:
            threading._shutdown_locks.discard(lock)


def stop_servers(seconds):
    """End the threads of the call servers, so that finalization finds the interpreter at rest; wait no longer than that.

    What a plugin left open is flushed only if no frame of another thread refers to it any more. Returns
    ``[[server, lines], ...]``, see ``server.end_captures``.
    """
    server, output = (sys.modules.get("fidius_host." + name) for name in ("server", "output"))
    if server is not None:
        server.stop_all(seconds)
    if output is not None:
        output.run_exit_functions()
    return [] if server is None else server.end_captures()


def run_exit_functions():
    """Do what must not be lost when finalization has to be skipped: ``atexit`` functions, and what was printed."""
    import atexit

    atexit._run_exitfuncs()
    flush()


def flush():
    """Write out what Python has printed so far; a closed or broken stream is no reason to fail."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            pass
