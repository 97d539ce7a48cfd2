"""The call server."""
