"""What the embedded interpreter does between its start and the first plugin."""

import importlib
import os
import sys
import threading  # noqa: F401 - takes the thread that imports it first for the main one: it must be this one

from . import children, external, fork, isolation, streams


def finish_start(runtime_folder, sdk_folder):
    """Complete a start that was made with ``-S``: bind libraries right, run ``site``, settle streams and children.

    ``runtime_folder``, where this package lies, is on ``sys.path`` only until here. ``sdk_folder`` holds the ``fidius`` SDK, which packages
    get whether they vendor a copy or not; it is on ``sys.path`` for processes that plugins start.
    """
    _prefer_own_symbols()

    import site

    # Before `site`, and with neither PYTHONPATH nor the current folder, the standard library is all there is.
    library = [entry for entry in sys.path if entry != runtime_folder]
    site.main()
    isolation.look(site)
    external.remember_environment(library, [*site.getsitepackages(), runtime_folder, sdk_folder])
    sys.path.remove(runtime_folder)
    sys.path.append(sdk_folder)
    sys.argv = [""]
    importlib.import_module("fidius_host.bridge")
    importlib.import_module("fidius_host.finder").install(sdk_folder)
    # As it was started, with `-B`: byte-code of packages would change what was signed.
    sys.dont_write_bytecode = True
    streams.install()
    _share_streams_with_children()
    children.serve_children()
    _protect_crash_reports()
    fork.guard_children()


def import_own(name):
    """Import a module of this package, and have its byte-code written for the next start.

    Not while another thread may be importing a plugin, and never against the wish of the user.
    """
    if "fidius_host." + name in sys.modules:
        return importlib.import_module("fidius_host." + name)
    if not os.environ.get("PYTHONDONTWRITEBYTECODE") and len(sys._current_frames()) == 1:
        sys.dont_write_bytecode = False
    try:
        return importlib.import_module("fidius_host." + name)
    finally:
        sys.dont_write_bytecode = True


def _prefer_own_symbols():
    """Let extension modules prefer the libraries they were linked with.

    The node binary exports OpenSSL, zlib and others of its own, and the dynamic linker would hand those to ``_ssl`` and
    ``zlib``, compiled against other versions. Must run before ``site``: a ``.pth`` file may import anything.
    """
    if hasattr(os, "RTLD_DEEPBIND"):
        sys.setdlopenflags(sys.getdlopenflags() | os.RTLD_DEEPBIND)


def _protect_crash_reports():
    """Before a plugin can turn on ``faulthandler``, and only then: the module is not in every Python."""
    try:
        from . import crash_reports
    except ImportError:
        return
    crash_reports.protect_traps()


def _share_streams_with_children():
    """Let programs that Python starts have the standard streams, as those that ``python`` starts.

    Node keeps all descriptors that it was given from being inherited, and hands them to its own children by other means.
    What a plugin runs without redirection would find descriptors 0 to 2 closed, and its next files in their place.
    """
    if os.name != "posix":
        return
    for descriptor in range(3):
        try:
            os.set_inheritable(descriptor, True)
        except OSError:
            pass  # the host was started without this stream


def adopt_environment(variables):
    """Make the environment that of the host.

    Nearly always it is: both read that of the process. But a test runner, or a worker thread, may have given the host
    another one, and plugins shall see what the host sees.
    """
    for name in set(os.environ) - set(variables):
        del os.environ[name]
    for name, value in variables.items():
        # U+FFFD stands for bytes that JavaScript could not read. Python can.
        if os.environ.get(name) != value and "\ufffd" not in value:
            os.environ[name] = value


def tell_copy(copy):
    """Remember which copy of the host's library this package belongs to, for other copies that join later."""
    sys.modules[__package__].copy = copy


def facts():
    """What the record of ``fidius doctor`` and of a plugin's info says about this interpreter."""
    return {
        "version": "%d.%d.%d" % sys.version_info[:3],
        "executable": sys.executable or None,
        "prefix": sys.prefix,
        "base_prefix": sys.base_prefix,
        "implementation": sys.implementation.name,
        "path": [entry for entry in sys.path if isinstance(entry, str)],
        "unisolated": isolation.findings(),
    }
