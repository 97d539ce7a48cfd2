"""Checks imports of modules that are already in ``sys.modules``.

CPython reads from the spec of such a module whether it is being initialized, and if so waits in
``_lock_unlock_module``. The spec of a guarded module also says yes if the importing code may not have the module. The
wait, which is replaced here, then raises. Two steps are needed because CPython drops an exception of the first one. All
other modules keep their specs, and their imports do not become slower.
"""

import sys
from importlib import _bootstrap
from importlib.machinery import ModuleSpec

from . import external_modules, importers, modules, packages, search, units

_NONE = frozenset()
_getframe = sys._getframe


class GuardedSpec(ModuleSpec):
    """A spec that checks who imports its module.

    ``_fidius_unit`` is the unit. Two attributes list importers that were already accepted, once the module is
    initialized: ``_fidius_last`` is the namespace of the last one, and ``_fidius_seen`` holds the files of all.
    """

    def _must_wait(self, getframe=_getframe):
        # Runs for every repeated import.
        try:
            frame = getframe(1)
            if frame.f_globals is self._fidius_last:
                return False
            if frame.f_code.co_filename not in self._fidius_seen:
                return _check_importer(self, frame)
        except ValueError:  # native code imports on its own thread
            return _check_importer(self, None)
        self._fidius_last = frame.f_globals
        return False

    def _set_initializing(self, busy):
        self._fidius_busy = busy
        self._fidius_last = None
        self._fidius_seen = _NONE if busy else self._fidius_unit.seen
        if not busy:
            self._guard_substitute()

    def _guard_substitute(self):
        """Guard an object with which the module has replaced itself."""
        present = sys.modules.get(self.name, self)
        if present is not self and getattr(present, "__spec__", self) is None:
            try:
                present.__spec__ = self
            except Exception:
                pass

    _initializing = property(_must_wait, _set_initializing)


GuardedSpec.__name__ = GuardedSpec.__qualname__ = "ModuleSpec"


def _check_importer(spec, frame):
    try:
        unit = spec._fidius_unit
        units.require(importers.importer_of(frame), unit)
    except BaseException:
        return True  # `_lock_unlock_module` checks again, and raises
    if not spec._fidius_busy and frame is not None:
        own = frame.f_globals.get("__spec__")
        # Only if the file was imported as this module: other code may run the same text for another package.
        if isinstance(own, GuardedSpec) and not own._fidius_unit.outside and own.origin == frame.f_code.co_filename:
            unit.seen.add(own.origin)
            spec._fidius_last = frame.f_globals
    return spec._fidius_busy


def guard(spec, unit):
    """Make a spec guard its module. Specs of other types stay unchanged."""
    if type(spec) is not ModuleSpec and type(spec) is not GuardedSpec:
        return
    busy = spec.__dict__.get("_initializing", False) if type(spec) is ModuleSpec else spec._fidius_busy
    spec._fidius_unit = unit
    spec._fidius_busy = busy
    spec._fidius_last = None
    spec._fidius_seen = _NONE if busy else unit.seen
    unit.specs.append(spec)
    if type(spec) is ModuleSpec:
        spec.__dict__.pop("_initializing", None)
        spec.__class__ = GuardedSpec
    if spec.has_location:
        unit.remember(spec.origin)


def release(spec):
    """Turn a guarded spec into an ordinary one."""
    if type(spec) is GuardedSpec:
        busy = spec._fidius_busy
        spec.__class__ = ModuleSpec
        spec._initializing = busy
        for name in ("_fidius_unit", "_fidius_busy", "_fidius_last", "_fidius_seen"):
            del spec.__dict__[name]


_wait_for_module = _bootstrap._lock_unlock_module
_make_module_lock = _bootstrap._get_module_lock


@importers.as_machinery
def _require(name):
    """Return the spec of a guarded module if the importing code, two calls above, may have it; ``None`` for other
    modules.
    """
    spec = getattr(sys.modules.get(name), "__spec__", None)
    if type(spec) is not GuardedSpec:
        return None
    try:
        units.require(importers.importer_of(importers.frame_at(2)), spec._fidius_unit)
    except ImportError as error:
        raise error.with_traceback(None)
    return spec


@importers.as_machinery
def _lock_unlock_module(name):
    spec = _require(name)
    if spec is None or spec._fidius_busy:
        _wait_for_module(name)


@importers.as_machinery
def _get_module_lock(name):
    """Replaces ``_get_module_lock``: since CPython 3.15 ``importlib.import_module`` itself acquires this lock."""
    _require(name)
    return _make_module_lock(name)


def install():
    _bootstrap._lock_unlock_module = _lock_unlock_module
    if sys.version_info >= (3, 15):
        _bootstrap._get_module_lock = _get_module_lock


def guard_environment(package):
    """Guard modules of the environment whose name a package claims, because the package may have its own module of that
    name.

    External modules are always guarded, because their imports are noted.
    """
    claims = package.claims
    for name, module in list(sys.modules.items()):
        claimed = claimed_name(name, claims) or _external_name(name, module)
        if claimed is not None and claimed not in (modules.SDK, modules.RUNTIME, "__main__"):
            guard_outside(claimed, module)


def guard_outside(claimed, module):
    """Guard one module of the environment. ``claimed`` is its name or that of a package around it."""
    spec = getattr(module, "__spec__", None)
    if type(spec) is not ModuleSpec:
        return
    unit = units.by_name.get(claimed)
    if unit is not None and unit.namespace:
        return
    if unit is None or not unit.outside:
        parent = getattr(sys.modules.get(claimed), "__spec__", None)
        if type(parent) is not ModuleSpec and type(parent) is not GuardedSpec:
            return
        path = _location(parent)
        if path is None and parent.submodule_search_locations is not None:
            return  # a namespace: see namespaces.py
        unit = units.by_name[claimed] = units.Unit(claimed, path, (packages.ENVIRONMENT,), outside=True)
    guard(spec, unit)


def _external_name(name, module):
    """The name of the external module or package that a module is, or lies in; ``None`` for one that is not external."""
    found = None
    while name and _is_external(module):
        found = name
        name = name.rpartition(".")[0]
        module = sys.modules.get(name)
    return found


def _is_external(module):
    """By the spec, and past what the module makes of reading attributes: a lazy one is imported by it."""
    try:
        spec = object.__getattribute__(module, "__dict__").get("__spec__")
    except AttributeError:
        return False
    if type(spec) is not ModuleSpec and type(spec) is not GuardedSpec:
        return False
    location = spec.origin if spec.has_location else None
    return external_modules.contains(location) and packages.of_path(location) is None


def guard_manually_loaded(package, names):
    """Guard the modules that code of a package has loaded from its files and put in ``sys.modules`` itself."""
    for name in modules.names_belonging_to(names, package.folder):
        module = sys.modules.get(name)
        spec = getattr(module, "__spec__", None)
        if type(spec) is ModuleSpec and spec.name == name and spec.has_location:
            unit = units.by_name.get(name)
            if unit is None or package not in unit.holders:
                unit = units.by_name[name] = units.Unit(name, spec.origin, (package,))
            guard(spec, unit)


def _location(spec):
    # The loader of a namespace is set after its import.
    return None if spec.submodule_search_locations is not None and not spec.has_location else search.location_of(spec)


def claimed_name(name, claims):
    """Return the longest claimed name that is the name of a module or of a package around it; ``None`` if there is
    none.
    """
    while name:
        if name in claims:
            return name
        name = name.rpartition(".")[0]
    return None


def find_claim(name):
    """Return the name claimed by an open package that is the name of a module or of a package around it, or ``None``.
    """
    for package in list(packages.open_packages.values()):
        claimed = claimed_name(name, package.claims)
        if claimed is not None:
            return claimed
    return None
