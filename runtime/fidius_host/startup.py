"""Start of the interpreter: what runs after CPython is initialized and before the first plugin is loaded."""

import os
import sys
import threading  # noqa: F401 - the thread that imports it first counts as the main thread: it must be this one


def finish_start(runtime_folder, sdk_folder):
    """Complete the start of an embedded interpreter that was started with ``-S`` and ``-B``.

    ``runtime_folder`` is the parent folder of this package. It is on ``sys.path`` only until this function has run.
    ``sdk_folder`` holds the ``fidius`` SDK.
    """
    _prefer_own_symbols()

    import site

    from .imports import external_modules
    from .process import isolation

    # Before `site` runs, and without PYTHONPATH and the current folder, only the standard library is on the path.
    library = [entry for entry in sys.path if entry != runtime_folder]
    site.main()
    isolation.look(site)
    external_modules.remember_environment(library, [*site.getsitepackages(), runtime_folder, sdk_folder])
    sys.path.remove(runtime_folder)
    sys.argv = [""]
    # The host imports it next. Imported here its byte-code is written.
    from . import host_api  # noqa: F401

    _protect_crash_reports()
    prepare(sdk_folder)


def prepare(sdk_folder):
    """Prepare a running interpreter for plugins, in the host's process or in a child process.

    Packages get the ``fidius`` SDK of ``sdk_folder`` whether they vendor a copy or not. The folder is on ``sys.path``
    only for processes that plugins start.
    """
    from .imports import finder
    from .process import child_streams, fork_guard, standard_streams

    sys.path.append(sdk_folder)
    finder.install(sdk_folder)
    # Byte-code in the folder of a package would change what was signed.
    sys.dont_write_bytecode = True
    standard_streams.install()
    _share_streams_with_children()
    child_streams.install()
    fork_guard.install()


def _prefer_own_symbols():
    """Let extension modules prefer the libraries they were linked with.

    The node binary exports symbols of OpenSSL, zlib and other libraries. Without this the dynamic linker would bind
    ``_ssl`` and ``zlib`` to them, although they were compiled for other versions. This must run before ``site``,
    because a ``.pth`` file can import anything.
    """
    if hasattr(os, "RTLD_DEEPBIND"):
        sys.setdlopenflags(sys.getdlopenflags() | os.RTLD_DEEPBIND)


def _protect_crash_reports():
    """Patch ``faulthandler`` before a plugin can enable it, if this Python has that module."""
    try:
        from .process import crash_reports
    except ImportError:
        return
    crash_reports.install()


def _share_streams_with_children():
    """Let programs that Python starts inherit the standard streams, as they do under ``python``.

    Node marks all its descriptors as not inheritable and passes them to its own children in another way. Without this,
    a program that a plugin starts without redirection would find descriptors 0 to 2 closed, and its next files in their
    place.
    """
    if os.name != "posix":
        return
    for descriptor in range(3):
        try:
            os.set_inheritable(descriptor, True)
        except OSError:
            pass  # the host was started without this stream
