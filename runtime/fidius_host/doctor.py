"""Reports the libraries and settings of an interpreter.

It runs inside the host and, as a program, in the interpreter's executable alone. Differences between the two reports
are effects of sharing a process with Node.
"""

import importlib
import sys

# Modules of the standard library that need a shared library or have an extension module.
_NATIVE_MODULES = ("bz2", "ctypes", "hashlib", "lzma", "socket", "sqlite3", "ssl", "zlib")


def report():
    """Return the record of ``fidius doctor`` as plain data."""
    missing = _missing_modules()
    if "hashlib" not in missing:
        # If it is bound to another OpenSSL than it was built for, it crashes here.
        importlib.import_module("hashlib").sha256(b"fidius").hexdigest()
    return {
        "version": "%d.%d.%d" % sys.version_info[:3],
        "executable": sys.executable or None,
        "prefix": sys.prefix,
        "basePrefix": sys.base_prefix,
        "openssl": _openssl(),
        "zlib": _zlib(),
        "locale": _locale(),
        "recursionLimit": sys.getrecursionlimit(),
        "missing": missing,
    }


def _missing_modules():
    """Return name and reason of the modules that cannot be imported."""
    missing = {}
    for name in _NATIVE_MODULES:
        try:
            importlib.import_module(name)
        except Exception as error:  # a broken extension module may raise anything
            missing[name] = "%s: %s" % (type(error).__name__, error)
    return missing


def _openssl():
    """Return the OpenSSL that ``ssl`` was compiled for and the one it runs with, or ``None``."""
    try:
        import _ssl
    except ImportError:
        return None
    built = getattr(_ssl, "_OPENSSL_API_VERSION", None)
    return {"built": built and _openssl_version(built), "running": _openssl_version(_ssl.OPENSSL_VERSION_INFO)}


def _openssl_version(info):
    """Return ``3.0.16`` for ``(3, 0, 0, 16, 0)``; ``1.1.1t``, with a letter, for ``(1, 1, 1, 20, 15)``."""
    major, minor, fix, patch = info[:4]
    if major >= 3:
        return "%d.%d.%d" % (major, minor, patch)
    return "%d.%d.%d%s" % (major, minor, fix, chr(ord("a") + patch - 1) if patch else "")


def _zlib():
    try:
        import zlib
    except ImportError:
        return None
    return {"built": zlib.ZLIB_VERSION, "running": zlib.ZLIB_RUNTIME_VERSION}


def _locale():
    import locale

    return {
        "ctype": locale.setlocale(locale.LC_CTYPE),
        "preferredEncoding": locale.getpreferredencoding(False),
        "filesystemEncoding": sys.getfilesystemencoding(),
        "utf8Mode": bool(sys.flags.utf8_mode),
    }


if __name__ == "__main__":
    import json

    sys.stdout.write(json.dumps(report()))
