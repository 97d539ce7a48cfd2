"""Loading and unloading of plugins."""
