"""The part of fidius that runs inside Python: start-up, loading of packages, values, errors.

It is imported by the host before any plugin, under this name, and never found through ``sys.path`` afterwards.
"""
