"""What only a call server in a child process does."""
