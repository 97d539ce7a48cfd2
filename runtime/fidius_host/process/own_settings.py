"""Settings of the process that the runtime itself has made. They are not reported as changes made by plugins."""

signals = set()
"""Numbers of the signals that the runtime handles."""

log_handler_types = set()
"""Types of the handlers that the runtime adds to the root logger."""
