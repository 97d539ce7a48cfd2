"""What a host uses that calls plugins on its own thread."""
