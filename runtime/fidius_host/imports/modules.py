"""Finds the modules that a package has on disk, and tells whether two modules are the same code."""

import importlib.machinery
import os
import sys

from . import foreign_files

SDK = "fidius"
"""The SDK is always that of the host, because the host recognises its ``PluginError``."""

RUNTIME = "fidius_host"

_SUFFIXES = tuple(sorted(importlib.machinery.all_suffixes(), key=len, reverse=True))

_CACHE = "__pycache__"
"""Not used for the code of a package, and ignored by comparisons."""

_LOOKS_AROUND = (b"__file__", b"__spec__", b"__path__", b"__loader__", b"pkgutil", b"importlib.resources")


def search_entries(folder):
    """Return the two entries of ``sys.path`` for a package, in the order of the search."""
    return [folder + "/vendor", folder]


def holdings(folder):
    """Return the modules of a package and its namespaces: ``({name: path}, {name})``.

    A module is the smallest unit that packages can share: a file or a regular package, at the top level or as the first
    one below a namespace (a folder without ``__init__``, PEP 420).
    """
    found, namespaces = {}, set()
    for entry in reversed(search_entries(folder)):
        for name, path in _importable(entry, "", namespaces):
            found[name] = path
    return found, namespaces


def names_in_subfolders(folder):
    """Return the top-level names that a package gets if it adds one of its subfolders to ``sys.path``, such as ``lib``.
    """
    names = set()
    for entry in _entries(folder):
        if entry.name not in ("vendor", _CACHE) and entry.is_dir() and not _is_regular(entry.path):
            names.update(each.name.partition(".")[0] for each in _entries(entry.path) if _may_be_module(each))
    return {name for name in names if name.isidentifier() and name not in ("__init__", "__main__")}


def _may_be_module(entry):
    return entry.name.endswith(_SUFFIXES) or (entry.name.isidentifier() and entry.is_dir())


def _entries(folder):
    try:
        return sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return []


def _importable(folder, parent, namespaces):
    for entry in _entries(folder):
        if entry.name.isidentifier():
            if entry.name == _CACHE or (not parent and entry.name == "vendor") or not entry.is_dir():
                continue
            if _is_regular(entry.path):
                yield parent + entry.name, entry.path
                continue
            below = list(_importable(entry.path, parent + entry.name + ".", namespaces))
            if below:
                namespaces.add(parent + entry.name)
                yield from below
        elif entry.name.endswith(_SUFFIXES):
            name = next(entry.name[: -len(suffix)] for suffix in _SUFFIXES if entry.name.endswith(suffix))
            if name.isidentifier() and name not in ("__init__", "__main__"):
                yield parent + name, entry.path


def _is_regular(folder):
    return any(os.path.exists(os.path.join(folder, "__init__" + suffix)) for suffix in _SUFFIXES)


def location(module):
    """Return the file or folder a module was loaded from, or ``None`` for a built-in one."""
    path = getattr(module, "__file__", None)
    if isinstance(path, str):
        return path
    parts = getattr(module, "__path__", None)
    try:
        return next((part for part in parts or () if isinstance(part, str)), None)
    except Exception:
        return None


def names_belonging_to(names, folder):
    """Return the names of imported modules whose files are below a folder, with links resolved and few file system
    accesses.
    """
    root = os.path.realpath(folder) + os.sep
    real = {}
    found = []
    for name in names:
        path = location(sys.modules.get(name))
        if path is None:
            continue
        parent, file = os.path.split(path)
        if parent not in real:
            real[parent] = os.path.realpath(parent)
        path = os.path.join(real[parent], file)
        if (os.path.realpath(path) if os.path.islink(path) else path).startswith(root):
            found.append(name)
    return found


def same_code(first, second):
    """Tell whether two modules (files, or folders with all their files) have the same bytes.

    Data files count, because code reads them; ``__pycache__`` does not count, because it is not used.
    """
    if os.path.isdir(first) != os.path.isdir(second):
        return False
    if not os.path.isdir(first):
        if not os.path.exists(first):
            return _same_in_archive(first, second)
        return _same_bytes(first, second)
    names = _files_below(first)
    return names == _files_below(second) and all(
        _same_bytes(os.path.join(first, name), os.path.join(second, name)) for name in names
    )


def digest(path):
    """Return a digest of what ``same_code`` compares, for a module whose files may be removed before the comparison."""
    import hashlib

    whole = hashlib.sha256()
    for name in _files_below(path) if os.path.isdir(path) else [""]:
        with foreign_files.open_foreign(os.path.join(path, name) if name else path) as file:
            data = file.read()
        whole.update(("%d %r " % (len(data), name)).encode("utf-8", "backslashreplace"))
        whole.update(data)
    return whole.digest()


def looks_around(path):
    """Tell whether source code may read files relative to its location. Then the rest of its package belongs to it."""
    files = [os.path.join(path, name) for name in _files_below(path)] if os.path.isdir(path) else [path]
    for file in files:
        if file.endswith(".py"):
            try:
                with foreign_files.open_foreign(file) as source:
                    text = source.read()
            except OSError:
                return True
            if any(word in text for word in _LOOKS_AROUND):
                return True
    return False


def _files_below(folder):
    found = []
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != _CACHE]
        inner = parent[len(folder) :].lstrip(os.sep)
        found.extend(os.path.join(inner, name) for name in names)
    return sorted(found)


def _same_bytes(first, second):
    try:
        with foreign_files.open_foreign(first) as left, foreign_files.open_foreign(second) as right:
            if os.path.samestat(os.fstat(left.fileno()), os.fstat(right.fileno())):
                return True
            while True:
                block = left.read(1 << 18)
                if block != right.read(1 << 18):
                    return False
                if not block:
                    return True
    except OSError:
        return False


def _same_in_archive(first, second):
    """Compare modules in zip archives: the whole archives count."""
    first, inner = _split_archive(first)
    second, other = _split_archive(second)
    return first is not None and second is not None and inner == other and _same_bytes(first, second)


def _split_archive(path):
    inner = ""
    while path and not os.path.isfile(path):
        parent, name = os.path.split(path)
        if parent == path:
            return None, inner
        path, inner = parent, name + "/" + inner
    return (path or None), inner


def is_standard(name):
    """Tell whether a top-level name belongs to the standard library of this interpreter."""
    if name in sys.builtin_module_names:
        return True
    names = getattr(sys, "stdlib_module_names", None)  # since 3.10
    if names is not None:
        return name in names
    if name == "test":  # in the same folder, but not a part of it
        return False
    library = [os.path.dirname(os.__file__), os.path.join(os.path.dirname(os.__file__), "lib-dynload")]
    spec = importlib.machinery.PathFinder.find_spec(name, library)
    return spec is not None and spec.loader is not None
