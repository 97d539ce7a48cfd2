"""Functions that the host's program provides, as plugins call them."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any, Optional

from ._plugin_error import PluginError

_ABSENT = "FIDIUS_HOST_FUNCTIONS_ABSENT"


class HostFunctionError(PluginError):
    """A call of a host function has failed: in the host's program, or because it cannot be made.

    If the plugin does not catch it, the caller of the plugin gets the error of the host function as ``cause``.

    :param code: the code of the host's error, or the name of its class.
    :param message: the message of the host's error.
    """

    host_call: Optional[int] = None
    """Identifies the error for the host."""


class HostFunctions:
    """The functions of one host interface. ``fidius stub`` writes a module that calls them with types.

    May be used by every thread of the plugin, also while its module is imported.
    """

    def __init__(self, name: str, version: int, interface_hash: int, module: str) -> None:
        self.name = name
        self.version = version
        self.interface_hash = interface_hash
        self.module = module
        """Name of the module that declares it."""

    def call(self, function: int, *arguments: Any) -> Any:
        """Call a function by its position, and wait for its result.

        :raises HostFunctionError: the function has failed, or the host does not provide it.
        """
        return self._host().call(self, function, arguments)

    async def call_async(self, function: int, *arguments: Any) -> Any:
        """Do the same without blocking the event loop."""
        return await self._host().call_async(self, function, arguments)

    def _host(self) -> Any:
        # The SDK does not import the host's code: a package may bring the SDK to a host without host functions.
        host = sys.modules.get("fidius_host.plugins.host_functions")
        if host is None:
            raise HostFunctionError(_ABSENT, f"the host provides no functions, {self.name} is needed")
        return host

    def __repr__(self) -> str:
        return f"<host functions {self.name}, version {self.version}>"


_declared: dict[str, list[HostFunctions]] = {}


def host_functions(name: str, *, version: int, interface_hash: int) -> HostFunctions:
    """Declare that the calling module uses a host interface.

    The host compares version and hash with those of the interface that it provides, when it loads the package. The same
    declaration of one module is one object.

    :param name: the name of the host interface.
    :param version: the version for which the module was written.
    :param interface_hash: its hash.
    """
    module = sys._getframe(1).f_globals.get("__name__", "<unknown>")
    known = _declared.setdefault(module, [])
    for each in known:
        if (each.name, each.version, each.interface_hash) == (name, version, interface_hash):
            return each
    declared = HostFunctions(name, version, interface_hash, module)
    known.append(declared)
    return declared


def declared_by(module: str) -> list[HostFunctions]:
    """Return what a module has declared. For the host."""
    return list(_declared.get(module, ()))


def forget_modules(names: Iterable[str]) -> None:
    """Forget what these modules have declared. The host calls it when it removes them."""
    for name in names:
        _declared.pop(name, None)
