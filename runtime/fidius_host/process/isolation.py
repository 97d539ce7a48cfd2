"""Detects what this interpreter has imported at its start and an isolated one (``python -I``) would not have."""

import os
import sys

_findings = []


def look(site):
    """Record the findings once, right after ``site`` has run: later changes come from plugins."""
    folder = site.USER_SITE
    if site.ENABLE_USER_SITE and isinstance(folder, str) and os.path.abspath(folder) in sys.path:
        _findings.append("the site-packages of the user (%s)" % folder)
    custom = sys.modules.get("usercustomize")
    if custom is not None:
        _findings.append("usercustomize (%s)" % getattr(custom, "__file__", "without a file"))


def tell_implicit(folder):
    """Record that the environment was not named: it is the one in the current folder of the program."""
    _findings.append("the environment in the current folder (%s)" % folder)


def findings():
    return [text.encode("utf-8", "backslashreplace").decode() for text in _findings]
