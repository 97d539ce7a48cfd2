"""The threads that run calls, and how one call is run."""
