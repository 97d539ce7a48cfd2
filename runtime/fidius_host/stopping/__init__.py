"""Stopping running Python code at safe points."""
