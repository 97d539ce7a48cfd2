"""The smallest plugin: imports nothing, adds two numbers."""

__interface_hash__ = 0xBE30B9D096B2C49E


def add(a, b):
    return a + b
