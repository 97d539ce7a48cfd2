"""External modules: modules that belong neither to a package, nor to the standard library, nor to the Python environment.

They are found through an entry of ``sys.path`` that a plugin or a ``.pth`` file has added, through the user's
site-packages, or through a loader that code calls directly. The host lists those that a plugin imports, or rejects them.
"""

import os
import sys

from . import importers, packages

_folders = ()
_library = ()
_known = {}

_INSTALLED = ("site-packages", "dist-packages")
"""Folders below the standard library that are not part of it. A virtual environment has its own."""


class ExternalImport(ImportError):
    """A plugin that must not have external modules imports one."""

    def __init__(self, name, path):
        super().__init__(
            "module %r (%s) is external: it lies neither in the package, nor in the standard library, nor in the Python "
            "environment (%s)" % (name, path, sys.prefix),
            name=name,
            path=path,
        )


def remember_environment(library, installed):
    """Record the folders of this interpreter. To be called at its start, before code of a plugin has run.

    ``library`` lists folders of the standard library. ``installed`` lists the folders of installed distributions, of this
    runtime and of the SDK.
    """
    global _folders, _library
    _library = _prefixes(library)
    _folders = _prefixes(installed)
    _known.clear()


def _prefixes(folders):
    found = []
    for folder in folders:
        for path in (os.path.abspath(folder), os.path.realpath(folder)):
            if path + os.sep not in found:
                found.append(path + os.sep)
    return tuple(found)


def contains(location):
    """Tell whether a file is external. ``None`` stands for a module without a file, which is not external."""
    return isinstance(location, str) and folder_is_external(os.path.dirname(location))


def folder_is_external(folder):
    """Tell the same for a folder, such as an entry of ``sys.path``. Folders of packages count as external here."""
    if not isinstance(folder, str):
        return False
    try:
        return _known[folder]
    except KeyError:
        pass
    plain = ".." not in folder and os.path.isabs(folder)
    found = not ((plain and _is_known(folder)) or _is_known(os.path.realpath(folder)))
    if plain:
        _known[folder] = found
    return found


def _is_known(folder):
    folder += os.sep
    if folder.startswith(_folders):
        return True
    for library in _library:
        if folder.startswith(library):
            return not folder.startswith(tuple(library + name + os.sep for name in _INSTALLED))
    return False


def note(importing, name, path):
    """Record that packages import an external module, or reject the import.

    :raises ExternalImport: one of the packages must not have external modules.
    """
    for package in importing:
        if package.refuses_external:
            raise ExternalImport(name, path)
        package.external[name] = path


def importing_packages(importer):
    """Return the packages that an import is made for. Code of the environment imports for the package that called it."""
    found = [each for each in importer.holders if isinstance(each, packages.Package)]
    if found:
        return found
    frame = sys._getframe(1)
    while frame is not None:
        package = importers.package_of(frame)
        if package is not None:
            return [package]
        frame = frame.f_back
    return []
