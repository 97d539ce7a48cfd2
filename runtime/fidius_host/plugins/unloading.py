"""Closes a package: removes the modules that no other package holds. The others keep their identity."""

import _imp
import sys
from importlib.machinery import ExtensionFileLoader

from ..imports import import_guard, modules, packages, units


def close(package, names):
    """Undo the changes that loading a package has made. ``names`` are the modules that may belong to the package."""
    _remove_entries(package)
    own = modules.names_belonging_to(names, package.folder)
    packages.remove(package)
    for unit in list(units.all_units):
        unit.holders.discard(package)
    units.clear_comparisons()
    kept = _kept_for_compiled()
    unheld = {unit for unit in units.all_units if not unit.holders and unit not in kept}
    removed = _remove_modules(unheld)
    for name in own:
        # Modules that code of the package has loaded without the finder.
        module = sys.modules.get(name)
        if module is not None and units.unit_of(module) is None and not _is_compiled(module):
            del sys.modules[name]
            removed.append(name)
    units.all_units.difference_update(unheld)
    for unit in unheld:
        if units.by_name.get(unit.name) is unit:
            del units.by_name[unit.name]
    _release_environment()
    _remove_finders(unheld)
    _forget_methods(removed)


def _remove_entries(package):
    """Remove all entries of ``sys.path`` inside the package, including those that its code has added."""
    # An import on another thread may iterate over the list, and would skip the entry after a removed one.
    _imp.acquire_lock()
    try:
        for entry in [each for each in sys.path if packages.of_path(each) is package]:
            sys.path.remove(entry)
        for entry in [each for each in list(sys.path_importer_cache) if packages.of_path(each) is package]:
            sys.path_importer_cache.pop(entry, None)
        archives = getattr(sys.modules.get("zipimport"), "_zip_directory_cache", {})
        for archive in [each for each in list(archives) if packages.of_path(each) is package]:
            archives.pop(archive, None)
    finally:
        _imp.release_lock()


def _kept_for_compiled():
    """Return the units without holders that must be kept, with all that they have imported.

    A process cannot load an extension module again. Therefore units that contain one are kept, to be found by a later
    load.
    """
    compiled = {units.unit_of(module) for module in list(sys.modules.values()) if _is_compiled(module)}
    kept = set()
    waiting = [unit for unit in compiled if unit is not None and not unit.holders]
    while waiting:
        unit = waiting.pop()
        if unit in kept:
            continue
        kept.add(unit)
        if unit.digest is None and unit.path is not None and not unit.holders and unit.is_unchanged():
            try:
                unit.digest = modules.digest(unit.path)
            except OSError:
                pass  # the folder was removed: nothing can be equal to it
        waiting.extend(each for each in unit.imported.values() if isinstance(each, units.Unit))
    return kept


def _remove_modules(unheld):
    """Remove the modules of units, and those that they have made in memory below their names."""
    names = {unit.name for unit in unheld if units.by_name.get(unit.name) is unit and not unit.namespace}
    removed = []
    for name, module in list(sys.modules.items()):
        unit = units.unit_of(module)
        if unit in unheld or (unit is None and import_guard.claimed_name(name, names)):
            if sys.modules.get(name) is module:
                del sys.modules[name]
            removed.append(name)
    return removed


def _release_environment():
    """Release guarded modules of the environment whose names no open package claims any more.

    External modules stay guarded: their units know what they have imported, and the next package may import them too.
    """
    free = [
        unit
        for unit in units.all_units
        if unit.outside and not unit.external and import_guard.find_claim(unit.name) is None
    ]
    if not free:
        return
    for module in list(sys.modules.values()):
        if units.unit_of(module) in free:
            import_guard.release(module.__spec__)
    for unit in free:
        unit.specs.clear()
        units.all_units.discard(unit)
        if units.by_name.get(unit.name) is unit:
            del units.by_name[unit.name]


def _remove_finders(unheld):
    """Remove finders that code of the closed package has added to ``sys.meta_path``."""
    for finder in list(sys.meta_path):
        kind = finder if isinstance(finder, type) else type(finder)
        code = getattr(getattr(kind, "find_spec", None), "__globals__", {})
        if getattr(code.get("__spec__"), "_fidius_unit", None) in unheld:
            sys.meta_path.remove(finder)


def _forget_methods(names):
    for sdk in ("fidius._registry", "fidius._host_functions"):
        registry = sys.modules.get(sdk)
        if registry is not None and names:
            registry.forget_modules(names)


def _is_compiled(module):
    loader = getattr(getattr(module, "__spec__", None), "loader", None)
    return isinstance(loader, ExtensionFileLoader)


def collect():
    """Free the memory of a closed plugin now: its modules refer to themselves and would wait for the garbage collector.
    """
    import gc

    gc.collect()
