"""Loads a package: search path, import, interface hash, methods. A load that fails changes nothing."""

import _functools
import importlib
import itertools
import operator
import sys
import threading
import types

from .. import codec
from ..codec import error_description
from ..imports import (
    external_modules,
    finder,
    import_guard,
    importers,
    modules,
    namespaces,
    packages,
    patched_lookups,
    search,
    units,
)
from . import unloading
from ..codec.conversion_error import class_name
from .call_contexts import CallContexts
from ..imports.packages import Package

_COROUTINE, _GENERATOR, _ASYNC_GENERATOR = 0x80, 0x20, 0x200

_lock = threading.RLock()
_ids = itertools.count(1)
_plugins = {}


class LoadFailure(Exception):
    """A failure of a load. ``kind`` and ``data`` become the host's error."""

    def __init__(self, kind, **data):
        super().__init__(kind)
        self.kind = kind
        self.data = data


class Plugin:
    """One load of a package: its module, and a callable per method (``None`` for a missing optional method).

    ``instance`` is what ``__fidius_configure__`` has returned, or ``None``.
    """

    def __init__(self, package, module, callables, home, instance):
        self.package = package
        self.module = module
        self.instance = instance
        self.callables = callables
        # If two packages share the entry module, it was imported in the context of the first one.
        self.contexts = CallContexts(home.context)


def load(request, code_ended=lambda: None, run_coroutine=None, host_link=None):
    """Load a package and return ``{plugin, file, methods, parameters, external}`` or ``{failure, ...}``.

    ``request`` is the record that ``src/protocol/load-request.ts`` describes. Failures are returned as data, because the
    host may be in another process.

    ``refuseExternal`` refuses imports of external modules until the package is closed, also for other plugins that are
    loaded from the same folder, because they share its modules.

    ``run_coroutine`` runs the coroutine of an asynchronous ``__fidius_configure__`` and returns its result.

    ``host_link`` passes calls of host functions on, also while the package is imported. ``hostFunctions`` of the request has
    the interfaces that the host provides.

    ``code_ended`` is called as soon as no more code of the package runs. A caller that can interrupt this thread must
    not do so after that, because the rest must not be left incomplete.
    """
    folder, entry_module = request["folder"], request["entryModule"]
    with _lock:
        before = set(sys.modules)
        package = packages.known(folder) or Package(folder)
        known = package.plugins > 0
        refused_before = package.refuses_external
        package.refuses_external = refused_before or request["refuseExternal"]
        if host_link is not None:
            _host_functions().open_link(host_link, package)
        try:
            try:
                importlib.invalidate_caches()
                if not known:
                    _open_package(package)
                within = package.context.run
                module = within(_import, package, entry_module)
                _note_manually_loaded(package, set(sys.modules) - before)
                import_guard.guard_manually_loaded(package, set(sys.modules) - before)
                within(_check_hash, module, entry_module, request["interfaceHash"])
                if request.get("hostFunctions") is not None:
                    _check_host_interfaces(package, entry_module, request["hostFunctions"]["interfaces"])
                instance, target = None, module
                if request.get("config") is not None:
                    instance = target = within(_configure, module, entry_module, request["config"], run_coroutine)
                callables = [
                    within(_resolve, target, module, entry_module, method["name"], method["optional"])
                    for method in request["methods"]
                ]
                kinds = [_kind(callable_) for callable_ in callables]
                parameters = [_parameters(callable_) for callable_ in callables]
            finally:
                code_ended()
        except BaseException as error:
            package.refuses_external = refused_before
            if host_link is not None:
                _host_functions().close_link(host_link)
            if not known:
                unloading.close(package, set(sys.modules) - before)
            if isinstance(error, LoadFailure):
                return dict(error.data, failure=error.kind)
            raise
        package.plugins += 1
        number = next(_ids)
        home = units.unit_named(entry_module).home or package
        _plugins[number] = Plugin(package, module, callables, home, instance)
        return {
            "plugin": number,
            "file": _file_of(module, entry_module),
            "methods": kinds,
            "parameters": parameters,
            "external": [[name, _text(path)] for name, path in sorted(package.external.items())],
        }


def _host_functions():
    from . import host_functions  # not every host provides functions

    return host_functions


def _check_host_interfaces(package, entry_module, interfaces):
    found = _host_functions().first_mismatch(package, interfaces)
    if found is not None:
        declared, provided = found
        raise LoadFailure(
            "host_interface",
            module=entry_module,
            declaredBy=declared.module,
            name=declared.name,
            version=declared.version,
            got=declared.interface_hash,
            providedVersion=provided["version"],
            providedHash=provided["hash"],
        )


def callables(number):
    """Return the callables of a loaded plugin, by method index."""
    return _plugins[number].callables


def contexts(number):
    """Return the ``CallContexts`` of a loaded plugin."""
    return _plugins[number].contexts


def is_configured(number):
    """Tell whether a plugin has an instance that was not closed."""
    plugin = _plugins.get(number)
    return plugin is not None and plugin.instance is not None


def close_instance(number, run_coroutine=None):
    """Close the configured instance of a plugin, if it has one that can be closed.

    What its function raises is printed as output of the plugin: closing goes on. ``run_coroutine`` runs the coroutine
    of an asynchronous one.
    """
    plugin = _plugins.get(number)
    instance = None if plugin is None else plugin.instance
    if instance is not None:
        plugin.instance = None
        plugin.contexts.new().run(_close, instance, run_coroutine or _run_coroutine)


async def close_instance_on_loop(number):
    """The same on the event loop of the plugin."""
    closing = []
    close_instance(number, closing.append)
    for each in closing:
        try:
            await each
        except BaseException:
            print_error()


def _close(instance, run_coroutine):
    try:
        closing = _end_of(instance)()
        if isinstance(closing, types.CoroutineType):
            run_coroutine(closing)
    except BaseException:
        print_error()


def print_error():
    """Print the exception that is being handled, as output of the plugin."""
    import traceback

    traceback.print_exc()


def _end_of(instance):
    """Return the function that closes an instance."""
    for name in ("aclose", "close"):
        close = getattr(instance, name, None)
        if callable(close):
            return close
    for name in ("__aexit__", "__exit__"):
        leave = getattr(type(instance), name, None)
        if callable(leave):
            return lambda: leave(instance, None, None, None)
    return lambda: None


def close_and_unload(number):
    """Do both, for a host that calls on its own thread."""
    close_instance(number)
    unload(number)


before_unload = []
"""Functions that take the number of a plugin which is about to be unloaded."""


def unload(number):
    """Unload a plugin. With the last one of a package, its search path entries and modules are removed."""
    for function in before_unload:
        function(number)
    with _lock:
        plugin = _plugins.pop(number, None)
        if plugin is None:
            return
        package = plugin.package
        package.plugins -= 1
        if package.plugins == 0:
            # The call server has the same list, and keeps it while one of its threads refers to the plugin.
            plugin.callables[:] = [_raise_closed] * len(plugin.callables)
            del plugin
            unloading.close(package, list(sys.modules))
            unloading.collect()


def _raise_closed(*args):
    raise RuntimeError("the plugin is closed")


def _open_package(package):
    """Open a package, unless one of its modules is already imported as the module of another package."""
    finder.ensure_first()
    patched_lookups.install()
    packages.add(package)
    _extend_path(package)
    for name in sorted(package.namespaces):
        namespaces.adopt(name)
    import_guard.guard_environment(package)
    for name, path in package.modules.items():
        unit = units.unit_of(sys.modules.get(name))
        if unit is None or unit.outside or unit.namespace or name.partition(".")[0] == modules.SDK:
            continue
        if not unit.is_same(path, package):
            units.collision(unit, units.look_up(name, package), package)
            _raise_collision(package)


def _extend_path(package):
    path = sys.path
    if not isinstance(path, list):
        raise LoadFailure("search_path", found=class_name(type(path)))
    # First the folder and then `vendor`, each at the front: vendored modules precede those of the package.
    for entry in reversed(modules.search_entries(package.folder)):
        if not any(isinstance(present, str) and present == entry for present in path):
            path.insert(0, entry)


def _note_manually_loaded(package, names):
    """Note the external modules that code of a package has put in ``sys.modules`` itself, past the finder.

    :raises LoadFailure: the package must not have any; also when it got them for another plugin that was allowed to.
    """
    for name in sorted(names):
        module = sys.modules.get(name)
        location = modules.location(module)
        if units.unit_of(module) is None and external_modules.contains(location) and packages.of_path(location) is None:
            package.external.setdefault(name, location)
    if package.refuses_external and package.external:
        name, path = min(package.external.items())
        raise LoadFailure("external", module=name, found=_text(path), environment=_text(sys.prefix))


def _text(path):
    """A path that can cross to the host, whatever bytes it holds."""
    return path.encode("utf-8", "backslashreplace").decode()


def _import(package, entry_module):
    top = entry_module.partition(".")[0]
    if top == modules.SDK:
        raise LoadFailure("foreign", module=entry_module, found="the SDK of the host")
    if modules.is_standard(top):
        raise LoadFailure("foreign", module=entry_module, found="the standard library")
    found = search.find(top, package)
    if found is not None and not found.own:
        raise LoadFailure("foreign", module=entry_module, found=found.location or "a built-in module")
    try:
        module = importers.import_for(package, entry_module)
    except BaseException as error:
        _raise_collision(package)
        if isinstance(error, external_modules.ExternalImport):
            raise LoadFailure("external", module=error.name, found=_text(error.path), environment=_text(sys.prefix))
        missing = isinstance(error, ModuleNotFoundError) and error.name is not None
        if missing and (entry_module == error.name or entry_module.startswith(error.name + ".")):
            raise LoadFailure("not_found", module=entry_module)
        raise LoadFailure("import", module=entry_module, error=error_description.describe(error))
    # Also if the module has caught it: its author has not tested what the module did instead.
    _raise_collision(package)
    unit = units.unit_named(entry_module)
    if unit is None or package not in unit.holders or unit.outside:
        raise LoadFailure("foreign", module=entry_module, found=modules.location(module) or "a built-in module")
    return module


def _raise_collision(package):
    error = package.collision
    package.collision = None
    if error is not None:
        raise LoadFailure(
            "collision", reason=error.kind, module=error.name, first=error.first, second=error.second
        )


def _check_hash(module, name, expected):
    try:
        value = module.__interface_hash__
    except BaseException as error:
        raise LoadFailure(
            "attribute", module=name, attribute="__interface_hash__", error=error_description.describe(error)
        )
    try:
        got = operator.index(value)
    except BaseException:
        raise LoadFailure("hash_type", module=name, found=class_name(type(value)))
    if not 0 <= got < 1 << 64:
        raise LoadFailure("hash_range", module=name, got=got)
    if got != expected:
        raise LoadFailure("hash", module=name, got=got)


def _configure(module, entry_module, config, run_coroutine):
    """Return the object that has the methods of the plugin."""
    try:
        configure = module.__fidius_configure__
    except AttributeError:
        raise LoadFailure("unconfigurable", module=entry_module)
    try:
        instance = configure(codec.decode(config))
        if isinstance(instance, types.CoroutineType):
            instance = (run_coroutine or _run_coroutine)(instance)
    except BaseException as error:
        raise LoadFailure("configure", module=entry_module, error=error_description.describe(error))
    if instance is None:
        raise LoadFailure("configured_none", module=entry_module)
    return instance


def _run_coroutine(coroutine):
    import asyncio

    return asyncio.run(coroutine)


def _resolve(target, module, entry_module, name, optional):
    try:
        value = getattr(target, name)
    except BaseException as error:
        if optional and isinstance(error, AttributeError):
            return None
        configures = target is module and "__fidius_configure__" in getattr(module, "__dict__", ())
        raise LoadFailure(
            "method",
            module=entry_module,
            method=name,
            error=error_description.describe(error),
            names=_function_names(target),
            configures=configures,
            configured=target is not module,
        )
    if not callable(value):
        raise LoadFailure("callable", module=entry_module, method=name, found=class_name(type(value)))
    return value


_MAX_NAMES = 200


def _function_names(target):
    """Return the names of the functions of a module, or of the class of an object. Runs no code of the plugin."""
    names = vars(target) if type(target) is types.ModuleType else vars(type(target))
    functions = [name for name, value in list(names.items()) if type(name) is str and isinstance(value, types.FunctionType)]
    return functions[:_MAX_NAMES]


_MAX_WRAPPERS = 32


def _kind(callable_):
    """Return the kind of a callable: ``absent``, ``function``, ``coroutine``, ``generator`` or ``asyncGenerator``.

    Decided by types only. An object may have any attribute (``xmlrpc.client.ServerProxy``, ``MagicMock``), and reading
    one may have effects.
    """
    if callable_ is None:
        return "absent"
    for _ in range(_MAX_WRAPPERS):
        if type(callable_) is _functools.partial:
            callable_ = callable_.func
        elif type(callable_) is types.MethodType:
            callable_ = callable_.__func__
        else:
            break
    flags = _code_flags(callable_)
    if flags & _COROUTINE:
        return "coroutine"
    if flags & _ASYNC_GENERATOR:
        return "asyncGenerator"
    return "generator" if flags & _GENERATOR else "function"


def _code_flags(function):
    """Return the code flags of a function, of Python or of a compiler (Cython) whose function type has the same
    attribute.
    """
    for kind in type.__getattribute__(type(function), "__mro__"):
        attribute = type.__getattribute__(kind, "__dict__").get("__code__")
        if attribute is not None:
            # Implemented in C: reading it runs no code of the plugin.
            if type(attribute) is types.GetSetDescriptorType:
                flags = getattr(attribute.__get__(function), "co_flags", 0)
                return flags if type(flags) is int else 0
            break
    return 0


_VARARGS = 0x04


def _parameters(callable_):
    """Return the parameters of a callable as ``{required, most, names, keywordOnly}``; ``None`` if they are unknown.

    Only of functions written in Python, whose code object has them: no code of the plugin runs. A wrapper is judged by its
    own parameters, because it is what the host calls; most accept ``*args``.
    """
    bound = 0
    if type(callable_) is types.MethodType:
        callable_, bound = callable_.__func__, 1
    if type(callable_) is not types.FunctionType:
        return None
    code = callable_.__code__
    defaults = callable_.__defaults__ or ()
    keyword_defaults = callable_.__kwdefaults__ or {}
    positional, named = code.co_varnames[: code.co_argcount], code.co_varnames[code.co_argcount :]
    first_default = len(positional) - len(defaults)
    texts = [name if index < first_default else name + "=\u2026" for index, name in enumerate(positional)][bound:]
    keyword_only = named[: code.co_kwonlyargcount]
    takes_any = bool(code.co_flags & _VARARGS)
    if takes_any:
        texts.append("*" + named[code.co_kwonlyargcount])
    return {
        "required": max(first_default - bound, 0),
        "most": None if takes_any else max(len(positional) - bound, 0),
        "names": texts,
        "keywordOnly": [name for name in keyword_only if name not in keyword_defaults],
    }


def _file_of(module, entry_module):
    """Return the file of an entry module, by its unit if the module has replaced itself by another object."""
    location = modules.location(module)
    return location if location is not None else units.unit_named(entry_module).path
