"""The call server as a program, for a host in another process.

Usage: ``python -I -B -X utf8 <fidius_host>/server <data> <control> <SDK folder>``, with two inherited descriptors of
connected stream sockets and the folder of the ``fidius`` SDK.

Exit codes: 0 after the connection has ended, also if the server has sent a failure to the host; 1 if it could not
start; 2 for invalid arguments.
"""

import os
import site
import socket
import sys

_STOP_SECONDS = 2.0
"""How long to wait for running calls after the connection has ended."""

_USAGE = "usage: python -I -B -X utf8 fidius_host/server <data descriptor> <control descriptor> <SDK folder>"


def main(arguments):
    """Serve until the host closes the connection. Does not return."""
    try:
        data, control, sdk_folder = _parse(arguments)
    except ValueError as error:
        _exit_with(2, str(error))
    call_server, shutdown = _import_runtime(sdk_folder)
    server = call_server.Server(data, control)
    try:
        server.start()
    except RuntimeError as error:
        _exit_with(1, "the call server cannot start: %s" % error)
    server.wait_until_stopped()
    ended = call_server.stop_all(_STOP_SECONDS)
    if ended and not shutdown.blocking_threads():
        sys.exit(0)
    # Finalization would wait for these threads, possibly forever.
    shutdown.run_exit_functions()
    os._exit(0)


def _parse(arguments):
    if len(arguments) != 3:
        raise ValueError(_USAGE)
    data, control, sdk_folder = arguments
    if not os.path.isdir(sdk_folder):
        raise ValueError("the SDK folder does not exist: %s" % sdk_folder)
    return _socket_of("data", data), _socket_of("control", control), sdk_folder


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
        from fidius_host.server import call_server
    finally:
        sys.path.remove(parent)
    sys.argv = [""]
    external_modules.remember_environment(_library_folders(), [*site.getsitepackages(), parent, sdk_folder])
    startup.prepare(sdk_folder)
    return call_server, shutdown


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
