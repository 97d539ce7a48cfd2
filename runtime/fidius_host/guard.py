"""The check that an import of a module that is in ``sys.modules`` already goes through.

CPython asks the spec of such a module whether it is being initialized, and if so waits in ``_lock_unlock_module``. The spec
of a guarded module answers "yes" also when the importing code may not have the module, and the wait, replaced here, raises.
There are two steps because CPython drops what the first one raises. All other modules keep their specs, and their imports
cost nothing.
"""

import sys
from importlib import _bootstrap
from importlib.machinery import ModuleSpec

from . import askers, external, modules, packages, units

_NONE = frozenset()
_getframe = sys._getframe


class GuardedSpec(ModuleSpec):
    """``_fidius_unit`` is the unit. The others are who may have the module without more ado, once it is initialized:
    ``_fidius_last`` the namespace of the module that had it last, ``_fidius_seen`` the files of modules that had it.
    """

    def _is_closed(self, getframe=_getframe):
        # On the path of every repeated import.
        try:
            frame = getframe(1)
            if frame.f_globals is self._fidius_last:
                return False
            if frame.f_code.co_filename not in self._fidius_seen:
                return _is_closed_after_all(self, frame)
        except ValueError:  # native code imports on a thread of its own
            return _is_closed_after_all(self, None)
        self._fidius_last = frame.f_globals
        return False

    def _set_initializing(self, busy):
        self._fidius_busy = busy
        self._fidius_last = None
        self._fidius_seen = _NONE if busy else self._fidius_unit.seen
        if not busy:
            self._guard_substitute()

    def _guard_substitute(self):
        """Guard an object that the module has put in its own place."""
        present = sys.modules.get(self.name, self)
        if present is not self and getattr(present, "__spec__", self) is None:
            try:
                present.__spec__ = self
            except Exception:
                pass

    _initializing = property(_is_closed, _set_initializing)


GuardedSpec.__name__ = GuardedSpec.__qualname__ = "ModuleSpec"


def _is_closed_after_all(spec, frame):
    try:
        unit = spec._fidius_unit
        units.require(askers.who(frame), unit)
    except BaseException:
        return True  # for `_lock_unlock_module` to find again, and to raise
    if not spec._fidius_busy and frame is not None:
        own = frame.f_globals.get("__spec__")
        # Only a file that is imported as this module: the same text may be run elsewhere, for somebody else.
        if isinstance(own, GuardedSpec) and not own._fidius_unit.outside and own.origin == frame.f_code.co_filename:
            unit.seen.add(own.origin)
            spec._fidius_last = frame.f_globals
    return spec._fidius_busy


def guard(spec, unit):
    """Have a spec guard its module. Specs of kinds of their own are left as they are."""
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
    """Make a spec an ordinary one again."""
    if type(spec) is GuardedSpec:
        busy = spec._fidius_busy
        spec.__class__ = ModuleSpec
        spec._initializing = busy
        for name in ("_fidius_unit", "_fidius_busy", "_fidius_last", "_fidius_seen"):
            del spec.__dict__[name]


_wait_for_module = _bootstrap._lock_unlock_module
_make_module_lock = _bootstrap._get_module_lock


@askers.as_machinery
def _require(name):
    """The spec of a guarded module, if the code that imports it, two calls above, may have it."""
    spec = getattr(sys.modules.get(name), "__spec__", None)
    if type(spec) is not GuardedSpec:
        return None
    try:
        units.require(askers.who(askers.frame_at(2)), spec._fidius_unit)
    except ImportError as error:
        raise error.with_traceback(None)
    return spec


@askers.as_machinery
def _lock_unlock_module(name):
    spec = _require(name)
    if spec is None or spec._fidius_busy:
        _wait_for_module(name)


@askers.as_machinery
def _get_module_lock(name):
    """Since CPython 3.15 ``importlib.import_module`` waits for this lock itself, when the spec says that it has to wait."""
    _require(name)
    return _make_module_lock(name)


def install():
    _bootstrap._lock_unlock_module = _lock_unlock_module
    if sys.version_info >= (3, 15):
        _bootstrap._get_module_lock = _get_module_lock


def guard_environment(package):
    """Guard what is imported from outside under a name that a package claims: it may mean a module of its own.

    External modules, which lie outside of the environment as well, are guarded in any case: their imports are noted.
    """
    claims = package.claims
    for name, module in list(sys.modules.items()):
        claimed = claimed_name(name, claims) or _external_name(name, module)
        if claimed is not None and claimed not in (modules.SDK, modules.RUNTIME, "__main__"):
            guard_outside(claimed, module)


def guard_outside(claimed, module):
    """The same for one module, ``claimed`` being its name or that of a package it is in."""
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
        path = _place(parent)
        if path is None and parent.submodule_search_locations is not None:
            return  # a namespace, which namespaces.py takes care of
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
    place = spec.origin if spec.has_location else None
    return external.contains(place) and packages.of_place(place) is None


def guard_loaded_by_hand(package, names):
    """Guard the modules that code of a package has loaded from its files and put in ``sys.modules`` itself."""
    for name in modules.names_belonging_to(names, package.folder):
        module = sys.modules.get(name)
        spec = getattr(module, "__spec__", None)
        if type(spec) is ModuleSpec and spec.name == name and spec.has_location:
            unit = units.by_name.get(name)
            if unit is None or package not in unit.holders:
                unit = units.by_name[name] = units.Unit(name, spec.origin, (package,))
            guard(spec, unit)


def _place(spec):
    from .search import place_of

    # The loader of a namespace is set once it is imported.
    return None if spec.submodule_search_locations is not None and not spec.has_location else place_of(spec)


def claimed_name(name, claims):
    """The longest name among the claimed ones that is the name of a module, or of a package around it."""
    while name:
        if name in claims:
            return name
        name = name.rpartition(".")[0]
    return None


def is_claimed(name):
    """The name that open packages claim, and that a module is or lies below."""
    for package in list(packages.open_packages.values()):
        claimed = claimed_name(name, package.claims)
        if claimed is not None:
            return claimed
    return None
