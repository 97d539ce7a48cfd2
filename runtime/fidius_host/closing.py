"""Closing a package: modules that no other package holds are removed. The others keep their identity."""

import _imp
import sys
from importlib.machinery import ExtensionFileLoader

from . import guard, modules, packages, units


def forget(package, names):
    """Undo what loading a package changed in the interpreter. ``names``: the modules that may be the package's."""
    _remove_entries(package)
    own = modules.names_belonging_to(names, package.folder)
    packages.remove(package)
    for unit in list(units.every):
        unit.holders.discard(package)
    units.clear_comparisons()
    kept = _kept_for_compiled()
    doomed = {unit for unit in units.every if not unit.holders and unit not in kept}
    removed = _remove_modules(doomed)
    for name in own:
        # Modules that the package's code loaded by hand, past the finder.
        module = sys.modules.get(name)
        if module is not None and units.unit_of(module) is None and not _is_compiled(module):
            del sys.modules[name]
            removed.append(name)
    units.every.difference_update(doomed)
    for unit in doomed:
        if units.by_name.get(unit.name) is unit:
            del units.by_name[unit.name]
    _release_environment()
    _remove_finders(doomed)
    _forget_methods(removed)


def _remove_entries(package):
    """Take away every entry of ``sys.path`` in the package, also those that its code has added."""
    # An import on another thread may be going through the list, and would miss the entry behind one that is removed.
    _imp.acquire_lock()
    try:
        for entry in [each for each in sys.path if packages.of_place(each) is package]:
            sys.path.remove(entry)
        for entry in [each for each in list(sys.path_importer_cache) if packages.of_place(each) is package]:
            sys.path_importer_cache.pop(entry, None)
        archives = getattr(sys.modules.get("zipimport"), "_zip_directory_cache", {})
        for archive in [each for each in list(archives) if packages.of_place(each) is package]:
            archives.pop(archive, None)
    finally:
        _imp.release_lock()


def _kept_for_compiled():
    """Units without holders that stay all the same, with all they have imported.

    An extension module cannot be loaded a second time in one process, so what holds one stays, to be found again.
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
                pass  # the folder is gone: nothing is equal to it any more
        waiting.extend(each for each in unit.asked.values() if isinstance(each, units.Unit))
    return kept


def _remove_modules(doomed):
    """Take the modules of units away, with what they made in memory below their names."""
    names = {unit.name for unit in doomed if units.by_name.get(unit.name) is unit and not unit.namespace}
    removed = []
    for name, module in list(sys.modules.items()):
        unit = units.unit_of(module)
        if unit in doomed or (unit is None and guard.claimed_name(name, names)):
            if sys.modules.get(name) is module:
                del sys.modules[name]
            removed.append(name)
    return removed


def _release_environment():
    """Make modules of the environment ordinary ones again, under names that no open package claims any more.

    Not external ones: what they have imported is known only to their units, and the next package may import them, too.
    """
    free = [
        unit
        for unit in units.every
        if unit.outside and not unit.external and guard.is_claimed(unit.name) is None
    ]
    if not free:
        return
    for module in list(sys.modules.values()):
        if units.unit_of(module) in free:
            guard.release(module.__spec__)
    for unit in free:
        unit.specs.clear()
        units.every.discard(unit)
        if units.by_name.get(unit.name) is unit:
            del units.by_name[unit.name]


def _remove_finders(doomed):
    """Take away finders that code of the package has put on ``sys.meta_path``: it is closed."""
    for finder in list(sys.meta_path):
        kind = finder if isinstance(finder, type) else type(finder)
        code = getattr(getattr(kind, "find_spec", None), "__globals__", {})
        if getattr(code.get("__spec__"), "_fidius_unit", None) in doomed:
            sys.meta_path.remove(finder)


def _forget_methods(names):
    registry = sys.modules.get("fidius._registry")
    if registry is not None and names:
        registry.forget_modules(names)


def _is_compiled(module):
    loader = getattr(getattr(module, "__spec__", None), "loader", None)
    return isinstance(loader, ExtensionFileLoader)


def collect():
    """Give the memory of a closed plugin back now: its modules refer to themselves, and would wait for the collector."""
    import gc

    gc.collect()
