"""What running calls exchange with the host between their first and their final frame."""
