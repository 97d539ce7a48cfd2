"""Which package a module belongs to, and the refusal to run one package's code for another."""

import importlib.machinery
import os
import sys

from . import foreign_files

SDK = "fidius"
"""The SDK is one per process: the host recognises its ``PluginError``, whichever copy was imported first."""

_SUFFIXES = tuple(sorted(importlib.machinery.all_suffixes(), key=len, reverse=True))


class ModuleCollision(ImportError):
    """Two loaded packages hold a module of one name, and Python would give both the same one."""

    def __init__(self, name, first, second):
        super().__init__(
            "module %r is in two loaded packages, which would run each other's code: %s and %s"
            % (name, first, second),
            name=name,
        )
        self.first = first
        self.second = second


def search_entries(folder):
    """The two entries of ``sys.path`` that belong to a package, in the order in which they must be searched."""
    return [folder + "/vendor", folder]


def top_level_modules(folder):
    """Map each top-level module name that a package can be asked for to the file or folder that holds it."""
    found = {}
    for entry in reversed(search_entries(folder)):
        for name, path in _importable(entry):
            found[name] = path
    return found


def _importable(folder):
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if entry.name.isidentifier():
            if entry.name not in ("vendor", "__pycache__") and entry.is_dir() and _holds_code(entry.path):
                yield entry.name, entry.path
        elif entry.name.endswith(_SUFFIXES):
            name = next(entry.name[: -len(suffix)] for suffix in _SUFFIXES if entry.name.endswith(suffix))
            if name.isidentifier():
                yield name, entry.path


def _holds_code(folder):
    for _, folders, files in os.walk(folder):
        if any(name.endswith(_SUFFIXES) for name in files):
            return True
        folders[:] = [name for name in folders if name != "__pycache__"]
    return False


def location(module):
    """The file or folder a module was loaded from, or ``None`` for a built-in one."""
    path = getattr(module, "__file__", None)
    if isinstance(path, str):
        return path
    parts = getattr(module, "__path__", None)
    try:
        return next((part for part in parts or () if isinstance(part, str)), None)
    except Exception:
        return None


def belongs_to(module, folder):
    """Tell whether a module was loaded from below a folder, links resolved."""
    path = location(module)
    return path is not None and inside(path, folder)


def names_belonging_to(names, folder):
    """Those of the names of imported modules that belong to a folder: as above, for a thousand modules in a few folders."""
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


def inside(path, folder):
    root = os.path.realpath(folder)
    return os.path.realpath(path).startswith(root + os.sep)


def same_code(first, second):
    """Tell whether two modules (files, or folders with all below them) are the same bytes, byte-code aside."""
    if os.path.isdir(first) != os.path.isdir(second):
        return False
    if not os.path.isdir(first):
        return _same_bytes(first, second)
    names = _files_below(first)
    return names == _files_below(second) and all(
        _same_bytes(os.path.join(first, name), os.path.join(second, name)) for name in names
    )


def _files_below(folder):
    return sorted(
        os.path.relpath(os.path.join(parent, name), folder)
        for parent, _, names in os.walk(folder)
        for name in names
        if not name.endswith(".pyc")
    )


def _same_bytes(first, second):
    try:
        with foreign_files.open_foreign(first) as left, foreign_files.open_foreign(second) as right:
            while True:
                block = left.read(1 << 16)
                if block != right.read(1 << 16):
                    return False
                if not block:
                    return True
    except OSError:
        return False


def is_standard(name):
    """Tell whether a top-level name belongs to the standard library of this interpreter."""
    if name in sys.builtin_module_names:
        return True
    names = getattr(sys, "stdlib_module_names", None)  # since 3.10
    if names is not None:
        return name in names
    library = [os.path.dirname(os.__file__), os.path.join(os.path.dirname(os.__file__), "lib-dynload")]
    return importlib.machinery.PathFinder.find_spec(name, library) is not None


class CollisionGuard:
    """First on ``sys.meta_path``: refuses a top-level name that two loaded packages hold, when it is really imported.

    A name that is imported already never gets here; the loader looks at those itself.
    """

    def __init__(self, packages):
        self._packages = packages

    def find_spec(self, fullname, path=None, target=None):
        if path is None and fullname != SDK:
            holders = [
                package.modules[fullname] for package in list(self._packages.values()) if fullname in package.modules
            ]
            for other in holders[1:]:
                if not same_code(holders[0], other):
                    raise ModuleCollision(fullname, holders[0], other)
        return None
