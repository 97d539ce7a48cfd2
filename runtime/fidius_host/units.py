"""Units: the modules of packages that are imported, the packages that hold each, and what must be equal to share one.

A unit is a top-level module or a regular package with all below it; below a namespace (PEP 420) the first regular one. It is
imported once per process. A package holds a unit when its own search for the name leads to the same bytes.
"""

import os
import sys
import threading

from . import external, modules, packages, search
from .packages import ENVIRONMENT

by_name = {}
"""The unit of a name: that whose module is in ``sys.modules``, or was."""

every = set()

_lock = threading.Lock()
_whole = {}


class ModuleCollision(ImportError):
    """One name means different code to two that would get the same module of it."""

    def __init__(self, kind, name, first, second):
        super().__init__(_TEXTS[kind] % {"name": name, "first": first, "second": second}, name=name)
        self.kind = kind
        self.first = first
        self.second = second


_TEXTS = {
    "packages": "module %(name)r is in two loaded packages, which would run each other's code: %(first)s and %(second)s. "
    "Rename one, or vendor the same version in both",
    "environment": "module %(name)r of the package (%(second)s) differs from that of the Python environment (%(first)s), "
    "which is in use. Vendor the version of the environment, rename the module, or take the other out of the environment",
    "outside": "module %(name)r of the Python environment (%(second)s) cannot be imported while a package is open that has "
    "another of that name (%(first)s). Use the same version in both, or run one of them in a process of its own",
    "standard": "module %(name)r of the package (%(second)s) has the name of a module of the standard library (%(first)s). "
    "Rename it; if it is vendored, remove it",
    "compiled": "module %(name)r of the package (%(second)s) differs from the copy that is loaded (%(first)s), which was "
    "compiled and cannot be loaded a second time. Restart the process",
    "changed": "module %(name)r (%(second)s) was changed on disk after %(first)s was imported, which is still in use. "
    "Close the plugins that use it, or restart the process",
}


class Unit:
    """``outside`` for a module that lies in no package, and whose name an open package claims as well, or that is external."""

    def __init__(self, name, path, holders, outside=False, namespace=False):
        self.name = name
        self.path = path
        self.holders = set(holders)
        self.outside = outside
        self.namespace = namespace
        self.external = outside and not namespace and external.contains(path)
        """Whether it comes from outside of the environment as well. Such a unit is guarded whoever claims the name."""
        self.specs = []
        self.seen = set()
        """Files whose code may have the unit, as far as is known: what makes a repeated import fast."""
        self.asked = {}
        """What its code asked for: a unit, ``ENVIRONMENT`` for what is outside, ``None`` for what was not found."""
        self.home = packages.of_place(path)
        self.files = {}
        self.digest = None
        self._equal = {}
        every.add(self)

    def remember(self, file):
        """Note the state of a file that is imported, to see later whether it still is what was imported."""
        try:
            self.files[file] = _state(file)
        except (OSError, ValueError):
            pass

    def is_unchanged(self):
        try:
            return all(_state(file) == state for file, state in list(self.files.items()))
        except OSError:
            return False

    def is_same(self, path, package):
        """Tell whether the module of a package at ``path`` is this one, byte for byte."""
        if path is None or self.path is None:
            return False
        if self.digest is not None:
            try:
                return modules.digest(path) == self.digest
            except OSError:
                return False
        if not self.is_unchanged():
            return False
        if path not in self._equal:
            self._equal[path] = modules.same_code(self.path, path) and self._is_same_around(path, package)
        return self._equal[path]

    def _is_same_around(self, path, package):
        """What a package's own code reads beside itself belongs to it: then the packages must be equal as a whole."""
        home = self.home
        if home is None or package is ENVIRONMENT:
            return True
        if os.path.dirname(path) != package.folder and os.path.dirname(self.path) != home.folder:
            return True
        if not modules.looks_around(path):
            return True
        pair = (home.folder, package.folder)
        if pair not in _whole:
            _whole[pair] = modules.same_code(*pair)
        return _whole[pair]

    def forget_comparisons(self):
        self.seen.clear()
        self._equal.clear()
        for spec in self.specs:
            spec._fidius_last = None


def _state(file):
    found = os.stat(file)
    return found.st_ino, found.st_size, found.st_mtime_ns


def make(name, found, holders):
    """The unit of a module that a search found inside of packages, or outside where a package claims the name."""
    place = None if found.is_namespace else found.place
    with _lock:
        present = by_name.get(name)
        if present is not None and present.path == place and present.namespace == found.is_namespace:
            known = name in sys.modules if found.is_namespace else present.outside != found.own
            if known:
                present.holders.update(holders)
                return present
        unit = by_name[name] = Unit(name, place, holders, outside=not found.own, namespace=found.is_namespace)
        return unit


def unit_of(module):
    """The unit a module belongs to; ``None`` for one that every code may have."""
    return getattr(getattr(module, "__spec__", None), "_fidius_unit", None)


def unit_named(name):
    """The unit that a module belongs to, by its dotted name."""
    while name:
        unit = by_name.get(name)
        if unit is not None and not unit.namespace:
            return unit
        name = name.rpartition(".")[0]
    return None


def require(asker, unit, imports=True):
    """Let whoever asks have a unit, if what it means by the name is that unit.

    ``imports`` is ``False`` for a look-up that is not followed by an import.

    :raises ModuleCollision: it means other code.
    :raises ModuleNotFoundError: it means nothing: only other packages have such a module.
    :raises ExternalImport: the unit is external, and it is asked for by a package that must not have such modules.
    """
    if asker is unit:
        return
    if unit.external:
        if imports:
            importers = external.importers(asker)
            for each in _external_below(unit):
                external.note(importers, each.name, each.path)
        # The entry of the search path that it was found by may be gone: then a search would not find it again.
        if not any(unit.name in package.claims for package in list(packages.open_packages.values())):
            if isinstance(asker, Unit):
                asker.asked[unit.name] = unit
            return
    if not asker.holders:
        _require_for_nobody(asker, unit)
        return
    for package in tuple(asker.holders):
        if package not in unit.holders:
            _admit(unit, package)
    if isinstance(asker, Unit):
        asker.asked[unit.name] = unit


def _external_below(unit):
    """An external unit, and those that its code has imported: whoever imports it runs their code as well."""
    found = [unit]
    for each in found:
        for had in list(each.asked.values()):
            if isinstance(had, Unit) and had.external and had not in found:
                found.append(had)
    return found


def _require_for_nobody(asker, unit):
    if isinstance(asker, Unit):  # code of a package that is closed, which still runs
        if asker.asked.get(unit.name) is not unit:
            raise missing(unit.name, None)
    elif not unit.outside and ENVIRONMENT not in unit.holders:
        claimants = [package for package in list(packages.open_packages.values()) if unit.name in package.claims]
        if not unit.holders or any(package not in unit.holders for package in claimants):
            raise missing(unit.name, None)


def _admit(unit, package):
    plan = []
    _plan(unit, package, plan)
    for each in plan:
        if each.external:
            external.note((package,), each.name, each.path)
    with _lock:
        for each in plan:
            each.holders.add(package)


def _plan(unit, package, plan):
    """Collect what a package holds from now on: the unit and all that its code has imported, if that is equal, too."""
    if package in unit.holders or unit in plan:
        return
    found = look_up(unit.name, package)
    if found is None:
        raise missing(unit.name, package)
    if not _is_same(unit, found, package):
        raise collision(unit, found, package)
    plan.append(unit)
    for name, had in list(unit.asked.items()):
        theirs = look_up(name, package)
        if isinstance(had, Unit):
            if theirs is None:
                raise collision(had, None, package)
            _plan(had, package, plan)
        elif (theirs is None) != (had is None) or (theirs is not None and theirs.own):
            raise _refuse(ModuleCollision("packages", unit.name, unit.path, found.place), package)


def _is_same(unit, found, package):
    if unit.namespace or found.is_namespace:
        return unit.namespace and found.is_namespace
    if unit.outside and not found.own:
        return True
    return unit.is_same(found.place, package)


def look_up(name, package, path=None):
    """``search.find``, with the refusal to serve a package its own module under a standard name."""
    try:
        return search.find(name, package, path)
    except search.StandardName as error:
        raise _refuse(ModuleCollision("standard", error.name, error.standard, error.own), package)


def collision(unit, found, package):
    """The refusal to give a package a unit; ``found`` is what it means by the name, ``None`` when it has no such module."""
    first, second = unit.path or "a module without a file", _place(found)
    if found is not None and not found.own and package is not ENVIRONMENT:
        kind = "outside"
    elif unit.outside:
        kind = "standard" if modules.is_standard(unit.name.partition(".")[0]) else "environment"
    elif package is ENVIRONMENT:
        kind, first, second = "environment", second, first
    elif unit.digest is not None or (not unit.holders and has_compiled(unit)):
        kind = "compiled"
    elif first == second or not unit.is_unchanged():
        kind = "changed"
    else:
        kind = "packages"
    return _refuse(ModuleCollision(kind, unit.name, first, second), package)


def differing(found, other, name, package):
    """The refusal when the packages that share a unit mean different code by a name that it imports."""
    return _refuse(ModuleCollision("packages", name, _place(found), _place(other)), package)


def _place(found):
    if found is None:
        return "none, where the other has one"
    return found.place or ("a namespace" if found.is_namespace else "a module without a file")


def _refuse(error, package):
    if getattr(package, "collision", error) is None:
        package.collision = error
    return error


def missing(name, package):
    """What Python raises for a module that is not there; it says when only another package has it."""
    top = name.partition(".")[0]
    for other in list(packages.open_packages.values()):
        place = other.modules.get(name) or other.modules.get(top)
        if other is not package and place is not None:
            return ModuleNotFoundError(
                "No module named %r (%s is another package's own; a package that needs it must bring a copy along)"
                % (name, place),
                name=name,
            )
    return ModuleNotFoundError("No module named %r" % name, name=name)


def has_compiled(unit):
    """Tell whether a unit has an extension module loaded, which Python cannot load a second time."""
    from importlib.machinery import ExtensionFileLoader

    for module in list(sys.modules.values()):
        if unit_of(module) is unit and isinstance(getattr(module.__spec__, "loader", None), ExtensionFileLoader):
            return True
    return False


def clear_comparisons():
    """Forget what was compared: folders may be replaced after a package is closed."""
    _whole.clear()
    for unit in list(every):
        unit.forget_comparisons()
