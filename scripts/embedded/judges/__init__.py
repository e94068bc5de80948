"""The networks that score samples, and how they are tested with planted faults."""
