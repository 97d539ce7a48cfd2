"""The interfaces by which the parts of a call server report to each other."""


class ServerEvents:
    """What the threads of a call server report to the server. Any of them may call any method at any time."""

    def thread_started(self):
        """A thread is about to start that uses the connection.

        The connection stays open until the last one has ended.
        """
        raise NotImplementedError

    def thread_ended(self):
        """A thread no longer uses the connection, or could not be started."""
        raise NotImplementedError

    def stop(self):
        """The host has ended the connection: all threads must end."""
        raise NotImplementedError

    def fail(self, reason):
        """The server cannot continue. The host receives the reason, then all threads must end."""
        raise NotImplementedError

    def fail_with(self, error):
        """The same, for an exception that no plugin has raised."""
        raise NotImplementedError

    def post(self, frame):
        """Send a frame to the host soon. Never waits."""
        raise NotImplementedError

    def report_changes(self):
        """Compare the state of the process with its last known state, because calls have ended."""
        raise NotImplementedError

    def report_load_position(self, call):
        """The host has cancelled a call. If it is a load, report where it is."""
        raise NotImplementedError


class LeaderWatch:
    """Watches the leading thread of a pool while it runs calls."""

    watching = False
    """Whether the leader is being watched."""

    def watch(self):
        """Begin to watch the leader. Called by the leader after it has set ``connection.busy``."""
        raise NotImplementedError
