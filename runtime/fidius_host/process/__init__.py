"""What belongs to the whole process: standard streams, children, and the state that plugins can change."""
