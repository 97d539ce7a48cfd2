"""The call server as a program, for a host in another process.

Usage: ``python -I -B -X utf8 <fidius_host>/server <data> <control> <SDK folder> [<host>]``, with two inherited
descriptors of connected stream sockets, the folder of the ``fidius`` SDK, and the process id of the host if that is the
parent process. Then this process ends together with it.

Exit codes: 0 after the connection has ended, also if the server has sent a failure to the host; 1 if it could not
start; 2 for invalid arguments.
"""

import os
import signal
import site
import socket
import sys

_STOP_SECONDS = 2.0
"""How long to wait for running calls after the connection has ended."""

_TERMINATE_SECONDS = 0.1
"""How long to wait for them after ``SIGTERM``: the host soon sends ``SIGKILL``."""

_USAGE = "usage: python -I -B -X utf8 fidius_host/server <data descriptor> <control descriptor> <SDK folder> [<host>]"


def main(arguments):
    """Serve until the host closes the connection. Does not return."""
    try:
        data, control, sdk_folder, host = _parse(arguments)
    except ValueError as error:
        _exit_with(2, str(error))
    _report_crashes()
    call_server, shutdown, host_watch, limits = _import_runtime(sdk_folder)
    if host is not None:
        host_watch.end_with_host(host, control.fileno())
    try:
        # Before the server records the state of the process, which it compares later.
        signal.signal(signal.SIGTERM, _terminate)
        _report_termination()
        server = call_server.Server(data, control, prepare=limits.apply)
        _start(server)
        server.wait_until_stopped()
        ended = call_server.stop_all(_STOP_SECONDS)
        _write_unsent(call_server.end_captures())
    except _Terminated:
        call_server.stop_all(_TERMINATE_SECONDS)
        _write_unsent(call_server.end_captures())
        shutdown.run_exit_functions()
        _end_by(signal.SIGTERM)
    if ended and not shutdown.blocking_threads():
        sys.exit(0)
    # Finalization would wait for these threads, possibly forever.
    shutdown.run_exit_functions()
    os._exit(0)


def _start(server):
    try:
        server.start()
    except RuntimeError as error:
        _exit_with(1, "the call server cannot start: %s" % error)


def _write_unsent(captures):
    """Write output that could not be sent to the streams, which the host reads until the end of the process."""
    for _, lines in captures:
        for _, stream, text, _, _ in lines:
            (sys.stdout if stream == "stdout" else sys.stderr).write(text + "\n")


class _Terminated(BaseException):
    """``SIGTERM`` was received."""


def _terminate(number, frame):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # the end has begun
    raise _Terminated


def _end_by(number):
    """End this process by a signal, as if it had not been handled."""
    _call_faulthandler("unregister", number)
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _report_crashes():
    """Print the traceback of every thread to stderr when a fault ends the process. The host keeps these lines."""
    _call_faulthandler("enable")


def _report_termination():
    """Print the tracebacks also when the host ends the process because of a call that does not stop.

    The handler in C runs even while code in C holds the GIL. ``_terminate`` runs after that if Python can run it.
    """
    _call_faulthandler("register", signal.SIGTERM, chain=True)


def _call_faulthandler(name, *arguments, **options):
    """Call a function of ``faulthandler``. Some builds and systems lack the module or the function."""
    try:
        import faulthandler

        getattr(faulthandler, name)(*arguments, **options)
    except (AttributeError, ImportError, OSError, RuntimeError, ValueError):
        pass


def _parse(arguments):
    if len(arguments) not in (3, 4):
        raise ValueError(_USAGE)
    data, control, sdk_folder = arguments[:3]
    if not os.path.isdir(sdk_folder):
        raise ValueError("the SDK folder does not exist: %s" % sdk_folder)
    host = _number_of("host", arguments[3]) if len(arguments) == 4 else None
    return _socket_of("data", data), _socket_of("control", control), sdk_folder, host


def _number_of(name, text):
    try:
        return int(text)
    except ValueError:
        raise ValueError("the process id of the %s is not a number: %s" % (name, text)) from None


def _socket_of(name, descriptor):
    try:
        number = int(descriptor)
    except ValueError:
        raise ValueError("the %s descriptor is not a number: %s" % (name, descriptor)) from None
    try:
        channel = socket.socket(fileno=number)
    except OSError as error:
        raise ValueError("the %s descriptor %d is not an open socket: %s" % (name, number, error.strerror)) from None
    if channel.type != socket.SOCK_STREAM:
        raise ValueError("the %s descriptor %d is not a stream socket" % (name, number))
    # Programs that plugins start must not keep the connection open.
    channel.set_inheritable(False)
    return channel


def _import_runtime(sdk_folder):
    """Import the runtime by its full name, and prepare this interpreter for plugins as the host does its own.

    Python has put the folder of this file on ``sys.path`` because it was run by its path. Neither that folder nor the
    parent folder of the runtime stays there, so that plugins neither find nor shadow their modules.
    """
    here = os.path.dirname(os.path.abspath(__file__))
    parent = os.path.dirname(os.path.dirname(here))
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != here]
    sys.path.insert(0, parent)
    # `prepare` sets it again: byte-code is only written for the runtime.
    sys.dont_write_bytecode = bool(os.environ.get("PYTHONDONTWRITEBYTECODE"))
    try:
        from fidius_host import shutdown, startup
        from fidius_host.imports import external_modules, finder  # noqa: F401 - here, so that byte-code is written
        from fidius_host.child import host_watch, limits
        from fidius_host.server import call_server
    finally:
        sys.path.remove(parent)
    sys.argv = [""]
    external_modules.remember_environment(_library_folders(), [*site.getsitepackages(), parent, sdk_folder])
    startup.prepare(sdk_folder)
    return call_server, shutdown, host_watch, limits


def _library_folders():
    """Return the folders of the standard library: ``site`` has run, and ``sys.path`` also holds what ``.pth`` files name."""
    version = "python%d.%d" % sys.version_info[:2]
    prefixes = (sys.base_prefix, sys.base_exec_prefix)
    return [os.path.dirname(os.__file__), *(os.path.join(each, sys.platlibdir, version) for each in prefixes)]


def _exit_with(code, message):
    sys.stderr.write("fidius: %s\n" % message)
    sys.exit(code)


if __name__ == "__main__":
    main(sys.argv[1:])
