"""Tasks: the canonical space in which a prompt is rendered, and how its result becomes an image."""
