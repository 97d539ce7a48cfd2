"""Loading a package: search path, import, interface hash, methods. All of it or nothing."""

import _imp
import importlib
import importlib.machinery
import itertools
import operator
import os
import sys
import threading

from . import errors, modules

_COROUTINE, _GENERATOR, _ASYNC_GENERATOR = 0x80, 0x20, 0x200

_lock = threading.RLock()
_ids = itertools.count(1)
_packages = {}
_plugins = {}


class LoadFailure(Exception):
    """One of the ways in which loading ends; ``kind`` and ``data`` become the host's error."""

    def __init__(self, kind, **data):
        super().__init__(kind)
        self.kind = kind
        self.data = data


class Package:
    """A folder that at least one plugin was loaded from."""

    def __init__(self, folder):
        self.folder = folder
        self.key = os.path.realpath(folder)
        self.modules = modules.top_level_modules(folder)
        self.entries = []
        self.plugins = 0


class Plugin:
    """One load of a package: its module, and a callable per method (``None`` for an absent optional one)."""

    def __init__(self, package, module, callables):
        self.package = package
        self.module = module
        self.callables = callables


def load(folder, entry_module, interface_hash, methods, settle=lambda: None):
    """Load a package and return ``{plugin, file, methods}`` or ``{failure, ...}``.

    ``methods`` is a list of ``[name, optional]`` in the order of the interface. What went wrong is data, because it may
    have to cross a process border.

    ``settle`` is called as soon as no code of the package runs any more. A caller that may interrupt this thread from
    outside must see to it that it does so no later: the rest is not to be left half done.
    """
    with _lock:
        before = set(sys.modules)
        package = _packages.get(os.path.realpath(folder)) or Package(folder)
        known = package.plugins > 0
        try:
            try:
                if not known:
                    _refuse_collisions(package)
                    _extend_path(package)
                    _packages[package.key] = package
                importlib.invalidate_caches()
                module = _import(package, entry_module)
                _check_hash(module, interface_hash)
                callables = [_resolve(module, name, optional) for name, optional in methods]
                kinds = [_kind(callable_) for callable_ in callables]
            finally:
                settle()
        except BaseException as error:
            if not known:
                _forget(package, set(sys.modules) - before)
            if isinstance(error, LoadFailure):
                return dict(error.data, failure=error.kind)
            raise
        package.plugins += 1
        number = next(_ids)
        _plugins[number] = Plugin(package, module, callables)
        return {"plugin": number, "file": modules.location(module), "methods": kinds}


def callables(number):
    """The callables of a loaded plugin, by method index."""
    return _plugins[number].callables


def unload(number):
    """Give up a plugin; the last one of a package takes its search path entries and modules along."""
    with _lock:
        plugin = _plugins.pop(number, None)
        if plugin is None:
            return
        package = plugin.package
        package.plugins -= 1
        if package.plugins == 0:
            _forget(package, list(sys.modules))


def is_packaged(file):
    """Tell whether code, by the name of its file, is of a package that is loaded or about to be.

    Takes no lock and looks at no file: the caller keeps the GIL, so that other threads stay where they are.
    """
    return any(file.startswith((package.folder + "/", package.key + "/")) for package in list(_packages.values()))


def _refuse_collisions(package):
    for name, path in package.modules.items():
        present = sys.modules.get(name)
        if present is None or name == modules.SDK or modules.belongs_to(present, package.folder):
            continue
        for other in _packages.values():
            theirs = other.modules.get(name)
            if theirs and modules.belongs_to(present, other.folder) and not modules.same_code(theirs, path):
                raise LoadFailure("collision", module=name, first=theirs, second=path)


def _extend_path(package):
    path = sys.path
    if not isinstance(path, list):
        raise LoadFailure("search_path", found=type(path).__name__)
    # The folder first and `vendor` second, each to the front: vendored modules end up before the package's own.
    for entry in reversed(modules.search_entries(package.folder)):
        if not any(isinstance(present, str) and present == entry for present in path):
            path.insert(0, entry)
            package.entries.append(entry)


def _import(package, entry_module):
    top = entry_module.partition(".")[0]
    present = sys.modules.get(top)
    if present is not None and not modules.belongs_to(present, package.folder):
        _refuse_foreign(entry_module, package, present)
    if present is None and modules.is_standard(top):
        raise LoadFailure("foreign", module=entry_module, found="the standard library")
    try:
        module = importlib.import_module(entry_module)
    except modules.ModuleCollision as error:
        raise LoadFailure("collision", module=error.name, first=error.first, second=error.second)
    except BaseException as error:
        missing = isinstance(error, ModuleNotFoundError) and error.name is not None
        if missing and (entry_module == error.name or entry_module.startswith(error.name + ".")):
            raise LoadFailure("not_found", module=entry_module)
        raise LoadFailure("import", module=entry_module, error=errors.describe(error))
    if not modules.belongs_to(module, package.folder):
        raise LoadFailure("foreign", module=entry_module, found=modules.location(module) or "a built-in module")
    return module


def _refuse_foreign(entry_module, package, present):
    top = entry_module.partition(".")[0]
    for other in _packages.values():
        if other is not package and top in other.modules and modules.belongs_to(present, other.folder):
            mine = package.modules.get(top, package.folder)
            raise LoadFailure("collision", module=top, first=other.modules[top], second=mine)
    found = "the standard library" if modules.is_standard(top) else modules.location(present) or "a built-in module"
    raise LoadFailure("foreign", module=entry_module, found=found)


def _check_hash(module, expected):
    try:
        value = module.__interface_hash__
    except BaseException as error:
        raise LoadFailure(
            "attribute", module=module.__name__, attribute="__interface_hash__", error=errors.describe(error)
        )
    try:
        got = operator.index(value)
    except BaseException:
        raise LoadFailure("hash_type", module=module.__name__, found=type(value).__name__)
    if not 0 <= got < 1 << 64:
        raise LoadFailure("hash_range", module=module.__name__, got=got)
    if got != expected:
        raise LoadFailure("hash", module=module.__name__, got=got)


def _resolve(module, name, optional):
    try:
        value = getattr(module, name)
    except BaseException as error:
        if optional and isinstance(error, AttributeError):
            return None
        configures = "__fidius_configure__" in getattr(module, "__dict__", ())
        raise LoadFailure(
            "method", module=module.__name__, method=name, error=errors.describe(error), configures=configures
        )
    if not callable(value):
        raise LoadFailure("callable", module=module.__name__, method=name, found=type(value).__name__)
    return value


def _kind(callable_):
    """How a callable answers: ``absent``, ``function``, ``coroutine``, ``generator`` or ``async generator``."""
    if callable_ is None:
        return "absent"
    while hasattr(callable_, "func"):  # functools.partial
        callable_ = callable_.func
    code = getattr(getattr(callable_, "__func__", callable_), "__code__", None)
    flags = getattr(code, "co_flags", 0)
    if flags & _COROUTINE:
        return "coroutine"
    if flags & _ASYNC_GENERATOR:
        return "async generator"
    return "generator" if flags & _GENERATOR else "function"


def _forget(package, names):
    """Undo what loading a package changed in the interpreter."""
    _packages.pop(package.key, None)
    # An import on another thread may be going through the list, and would miss the entry behind one that is removed.
    _imp.acquire_lock()
    try:
        for entry in package.entries:
            if entry in sys.path:
                sys.path.remove(entry)
            sys.path_importer_cache.pop(entry, None)
    finally:
        _imp.release_lock()
    package.entries.clear()
    own = modules.names_belonging_to(names, package.folder)
    # An extension module cannot be loaded a second time in one process: what holds one stays, to be found again.
    compiled = {name.partition(".")[0] for name in own if _is_compiled(sys.modules[name])}
    for name in own:
        if name.partition(".")[0] not in compiled:
            sys.modules.pop(name, None)


def _is_compiled(module):
    loader = getattr(getattr(module, "__spec__", None), "loader", None)
    return isinstance(loader, importlib.machinery.ExtensionFileLoader)


sys.meta_path.insert(0, modules.CollisionGuard(_packages))
