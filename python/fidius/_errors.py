"""The module in which the SDK of the Rust host has its exception; for packages that import it from there."""

from ._plugin_error import PluginError

__all__ = ["PluginError"]
