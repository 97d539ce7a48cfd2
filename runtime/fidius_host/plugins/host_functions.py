"""Host functions: what a package declares, and which plugin calls.

The SDK finds this module by its name (``fidius._host_functions``). It is imported by the first load with host functions.
"""

import sys

from ..codec.conversion_error import ConversionError
from ..imports import units

ABSENT = "FIDIUS_HOST_FUNCTIONS_ABSENT"

finders = []
"""Functions that return the ``HostLink`` of the calling thread or ``None``, in the order in which they are asked."""

_links = []
"""The links of all open plugins, and of those that are being loaded."""


class HostLink:
    """Passes calls of host functions on for one plugin.

    ``interfaces`` are those that the host provides: ``{name, version, hash}``. ``carrier`` has the functions ``call`` and
    ``call_async``, which take ``(link, interface, function, arguments)`` and return the result.
    """

    def __init__(self, key, interfaces, carrier):
        self.key = key
        self.interfaces = interfaces
        self.carrier = carrier
        self.package = None
        self.closed = False

    def position(self, declared):
        """Return the position of a host interface. Raises ``HostFunctionError`` if it cannot be used."""
        for position, provided in enumerate(self.interfaces):
            if provided["name"] == declared.name:
                problem = mismatch(declared, provided)
                if problem is None:
                    return position
                raise failure("FIDIUS_HOST_INTERFACE_MISMATCH", problem)
        raise failure(ABSENT, "the host does not provide the functions of %s to this plugin" % declared.name)


def open_link(link, package):
    link.package = package
    _links.append(link)


def close_link(link):
    link.closed = True
    if link in _links:
        _links.remove(link)


def mismatch(declared, provided):
    """Describe how a declaration differs from what the host provides; return ``None`` if it does not."""
    if declared.version != provided["version"]:
        return "%s has version %d in the host, the plugin was written for version %d" % (
            declared.name,
            provided["version"],
            declared.version,
        )
    if declared.interface_hash != provided["hash"]:
        return "%s has the hash 0x%016x in the host, the plugin was written for 0x%016x" % (
            declared.name,
            provided["hash"],
            declared.interface_hash,
        )
    return None


def first_mismatch(package, interfaces):
    """Return ``(declared, provided)`` for the first declaration of a package that the host does not satisfy, or ``None``.

    An interface that the host does not provide is no mismatch: the package may do without.
    """
    sdk = sys.modules.get("fidius._host_functions")
    if sdk is None:
        return None
    provided = {each["name"]: each for each in interfaces}
    for name in list(sys.modules):
        unit = units.unit_named(name) if type(name) is str else None
        if unit is None or unit.home is not package:
            continue
        for declared in sdk.declared_by(name):
            interface = provided.get(declared.name)
            if interface is not None and mismatch(declared, interface) is not None:
                return declared, interface
    return None


def call(declared, function, arguments):
    """Call a host function for the plugin that is running on this thread, and wait for its result."""
    link = _link_of(declared)
    return link.carrier.call(link, link.position(declared), function, arguments)


async def call_async(declared, function, arguments):
    """The same without blocking the event loop of this thread."""
    link = _link_of(declared)
    return await link.carrier.call_async(link, link.position(declared), function, arguments)


def _link_of(declared):
    for find in finders:
        link = find()
        if link is not None:
            return link
    # A thread of the plugin, which no call of the host runs on.
    unit = units.unit_named(declared.module)
    links = [link for link in _links if unit is not None and link.package is unit.home]
    if len(links) == 1:
        return links[0]
    if links:
        raise failure(
            ABSENT,
            "this thread runs no call, and the package is loaded %d times: the host function could be that of any of"
            " them. Call it in the thread of a call" % len(links),
        )
    raise failure(ABSENT, "the host does not provide the functions of %s to this plugin" % declared.name)


def failure(code, message, number=None):
    """Return a ``HostFunctionError`` of the SDK, whose code is calling."""
    error = sys.modules["fidius"].HostFunctionError(code, message)
    error.host_call = number
    return error


def encode_arguments(encode, arguments):
    """Encode the arguments of a host function. Raises ``TypeError`` for a value without counterpart."""
    try:
        return encode(arguments)
    except ConversionError as error:
        raise TypeError("an argument of the host function cannot be passed: %s" % error) from None
