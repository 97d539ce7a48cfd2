"""External modules: those that lie neither in a package, nor in the standard library, nor in the Python environment.

They come in through an entry of ``sys.path`` that a plugin or a ``.pth`` file has added, through the user's site-packages, or
through a loader that is used by hand. The host lists those that a plugin imports, or refuses them.
"""

import os
import sys

from . import packages

_folders = ()
_library = ()
_known = {}

_INSTALLED = ("site-packages", "dist-packages")
"""Below the standard library, and no part of it: a virtual environment has folders of its own."""


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
    """Take the folders as they are when the interpreter starts: no code of a plugin has run yet.

    ``library`` is where the standard library lies; ``installed`` are the folders of installed distributions, and our own.
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


def contains(place):
    """Tell whether a file is an external one. ``None`` stands for a module without a file, which is not."""
    return isinstance(place, str) and folder_is_external(os.path.dirname(place))


def folder_is_external(folder):
    """The same for a folder, such as an entry of ``sys.path``. Folders of packages are not looked at separately."""
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


def note(packages_, name, path):
    """A module is imported for packages: remember it, or refuse it.

    :raises ExternalImport: one of them must not have it.
    """
    for package in packages_:
        if package.refuses_external:
            raise ExternalImport(name, path)
        package.external[name] = path


def importers(asker):
    """The packages that an import is made for. Code of the environment imports for the package that called it."""
    found = [each for each in asker.holders if isinstance(each, packages.Package)]
    if found:
        return found
    from . import askers

    frame = sys._getframe(1)
    while frame is not None:
        package = askers.package_of(frame)
        if package is not None:
            return [package]
        frame = frame.f_back
    return []
