"""What a plugin author needs: a marker for methods and an error that keeps its code.

A plugin is an ordinary module::

    from fidius import PluginError, method

    __interface_hash__ = 0xD66A33343F4B2077

    @method
    def greet(name: str) -> str:
        if not name:
            raise PluginError("EMPTY_NAME", "a name is needed")
        return f"Hello, {name}!"

Python >= 3.9, no dependencies, so that a package can vendor it; a package that does not vendor it finds the copy that
the host brings.
"""

from ._plugin_error import PluginError
from ._registry import get_method, list_methods, method, reset_registry

__all__ = ["PluginError", "get_method", "list_methods", "method", "reset_registry"]
