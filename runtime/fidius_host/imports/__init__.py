"""Imports of packages: which module a name means to the code that imports it."""
