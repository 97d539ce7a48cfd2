"""Units: the imported modules of packages, the packages that hold each, and the conditions for sharing one.

A unit is a top-level module or a regular package with everything below it; below a namespace (PEP 420) it is the first
regular one. It is imported once per process. A package holds a unit if its own search for the name finds the same
bytes.
"""

import os
import sys
import threading

from . import external_modules, modules, packages, search
from .packages import ENVIRONMENT

by_name = {}
"""The unit of each name: its module is in ``sys.modules``, or was."""

all_units = set()

_lock = threading.Lock()
_whole = {}


class ModuleCollision(ImportError):
    """A name means different code to two importers that would share one module."""

    def __init__(self, kind, name, first, second):
        super().__init__(_TEXTS[kind] % {"name": name, "first": first, "second": second}, name=name)
        self.kind = kind
        self.first = first
        self.second = second


_TEXTS = {
    "packages": "module %(name)r is in two loaded packages with different code: %(first)s and %(second)s. "
    "Rename one, or vendor the same version in both",
    "environment": "module %(name)r of the package (%(second)s) differs from that of the Python environment "
    "(%(first)s), which is in use. Vendor the version of the environment, rename the module, or remove the other from "
    "the environment",
    "outside": "module %(name)r of the Python environment (%(second)s) cannot be imported while a package is open that "
    "has another module of that name (%(first)s). Use the same version in both, or run one in a separate process",
    "standard": "module %(name)r of the package (%(second)s) has the name of a module of the standard library "
    "(%(first)s). Rename it; if it is vendored, remove it",
    "compiled": "module %(name)r of the package (%(second)s) differs from the loaded copy (%(first)s), which has an "
    "extension module and cannot be loaded again. Restart the process",
    "changed": "module %(name)r (%(second)s) was changed on disk after %(first)s was imported, which is still in use. "
    "Close the plugins that use it, or restart the process",
}


class Unit:
    """A module or regular package. ``outside``: it belongs to no package, and an open package claims its name or it is
    external.
    """

    def __init__(self, name, path, holders, outside=False, namespace=False):
        self.name = name
        self.path = path
        self.holders = set(holders)
        self.outside = outside
        self.namespace = namespace
        self.external = outside and not namespace and external_modules.contains(path)
        """Whether it comes from outside of the environment as well. Such a unit is guarded, whichever package claims the name."""
        self.specs = []
        self.seen = set()
        """Files whose code was already accepted as an importer, which makes repeated imports fast."""
        self.imported = {}
        """What its code has imported, by name: a unit, ``ENVIRONMENT`` for other modules, ``None`` if nothing was
        found.
        """
        self.home = packages.of_path(path)
        self.files = {}
        self.digest = None
        self._equal = {}
        all_units.add(self)

    def remember(self, file):
        """Record the state of an imported file, to detect later changes."""
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
        """Tell whether the module of a package at ``path`` has the same bytes as this one."""
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
        """Compare the packages as a whole if their code may read other files of its package."""
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

    def clear_comparisons(self):
        self.seen.clear()
        self._equal.clear()
        for spec in self.specs:
            spec._fidius_last = None


def _state(file):
    found = os.stat(file)
    return found.st_ino, found.st_size, found.st_mtime_ns


def make(name, found, holders):
    """Return the unit of a module that a search has found inside a package, or outside if a package claims its name."""
    location = None if found.is_namespace else found.location
    with _lock:
        present = by_name.get(name)
        if present is not None and present.path == location and present.namespace == found.is_namespace:
            known = name in sys.modules if found.is_namespace else present.outside != found.own
            if known:
                present.holders.update(holders)
                return present
        unit = by_name[name] = Unit(name, location, holders, outside=not found.own, namespace=found.is_namespace)
        return unit


def unit_of(module):
    """Return the unit of a module; ``None`` for a module that all code may import."""
    return getattr(getattr(module, "__spec__", None), "_fidius_unit", None)


def unit_named(name):
    """Return the unit of a module by its dotted name."""
    while name:
        unit = by_name.get(name)
        if unit is not None and not unit.namespace:
            return unit
        name = name.rpartition(".")[0]
    return None


def require(importer, unit, imports=True):
    """Check that an importer may have a unit, because the name means that unit to it.

    ``imports`` is ``False`` for a look-up that is not followed by an import.

    :raises ModuleCollision: the name means other code to the importer.
    :raises ModuleNotFoundError: the name means nothing to the importer: only other packages have such a module.
    :raises ExternalImport: the unit is external, and the importing package must not have such modules.
    """
    if importer is unit:
        return
    if unit.external:
        if imports:
            importers = external_modules.importing_packages(importer)
            for each in _external_below(unit):
                external_modules.note(importers, each.name, each.path)
        # The entry of the search path that it was found by may be gone: then a search would not find it again.
        if not any(unit.name in package.claims for package in list(packages.open_packages.values())):
            if isinstance(importer, Unit):
                importer.imported[unit.name] = unit
            return
    if not importer.holders:
        _require_for_unknown(importer, unit)
        return
    for package in tuple(importer.holders):
        if package not in unit.holders:
            _add_holder(unit, package)
    if isinstance(importer, Unit):
        importer.imported[unit.name] = unit


def _external_below(unit):
    """An external unit, and the external units that its code has imported. Their code runs for each importer."""
    found = [unit]
    for each in found:
        for had in list(each.imported.values()):
            if isinstance(had, Unit) and had.external and had not in found:
                found.append(had)
    return found


def _require_for_unknown(importer, unit):
    if isinstance(importer, Unit):  # code of a package that is closed, which still runs
        if importer.imported.get(unit.name) is not unit:
            raise missing(unit.name, None)
    elif not unit.outside and ENVIRONMENT not in unit.holders:
        claimants = [package for package in list(packages.open_packages.values()) if unit.name in package.claims]
        if not unit.holders or any(package not in unit.holders for package in claimants):
            raise missing(unit.name, None)


def _add_holder(unit, package):
    plan = []
    _collect_holdings(unit, package, plan)
    for each in plan:
        if each.external:
            external_modules.note((package,), each.name, each.path)
    with _lock:
        for each in plan:
            each.holders.add(package)


def _collect_holdings(unit, package, plan):
    """Collect the units that a package holds from now on: the unit and all that its code has imported, if all are
    equal.
    """
    if package in unit.holders or unit in plan:
        return
    found = look_up(unit.name, package)
    if found is None:
        raise missing(unit.name, package)
    if not _is_same(unit, found, package):
        raise collision(unit, found, package)
    plan.append(unit)
    for name, had in list(unit.imported.items()):
        theirs = look_up(name, package)
        if isinstance(had, Unit):
            if theirs is None:
                raise collision(had, None, package)
            _collect_holdings(had, package, plan)
        elif (theirs is None) != (had is None) or (theirs is not None and theirs.own):
            raise _recorded(ModuleCollision("packages", unit.name, unit.path, found.location), package)


def _is_same(unit, found, package):
    if unit.namespace or found.is_namespace:
        return unit.namespace and found.is_namespace
    if unit.outside and not found.own:
        return True
    return unit.is_same(found.location, package)


def look_up(name, package, path=None):
    """Call ``search.find``, and turn ``StandardName`` into a collision."""
    try:
        return search.find(name, package, path)
    except search.StandardName as error:
        raise _recorded(ModuleCollision("standard", error.name, error.standard, error.own), package)


def collision(unit, found, package):
    """Return the collision of a unit with ``found``, what the package finds under the name; ``None`` if it finds
    nothing.
    """
    first, second = unit.path or "a module without a file", _location(found)
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
    return _recorded(ModuleCollision(kind, unit.name, first, second), package)


def differing(found, other, name, package):
    """Return the collision of packages that share a unit and find different code under a name that it imports."""
    return _recorded(ModuleCollision("packages", name, _location(found), _location(other)), package)


def _location(found):
    if found is None:
        return "none, although the other has one"
    return found.location or ("a namespace" if found.is_namespace else "a module without a file")


def _recorded(error, package):
    if getattr(package, "collision", error) is None:
        package.collision = error
    return error


def missing(name, package):
    """Return Python's exception for a missing module. Its message says if another package has the module."""
    top = name.partition(".")[0]
    for other in list(packages.open_packages.values()):
        path = other.modules.get(name) or other.modules.get(top)
        if other is not package and path is not None:
            return ModuleNotFoundError(
                "No module named %r (%s is another package's own; a package that needs it must vendor a copy)"
                % (name, path),
                name=name,
            )
    return ModuleNotFoundError("No module named %r" % name, name=name)


def has_compiled(unit):
    """Tell whether an extension module of a unit is loaded, which Python cannot load again."""
    from importlib.machinery import ExtensionFileLoader

    for module in list(sys.modules.values()):
        if unit_of(module) is unit and isinstance(getattr(module.__spec__, "loader", None), ExtensionFileLoader):
            return True
    return False


def clear_comparisons():
    """Drop the results of comparisons: folders may be replaced after a package was closed."""
    _whole.clear()
    for unit in list(all_units):
        unit.clear_comparisons()
