"""Tasks: which canonical space a prompt is rendered in, and how the result becomes an image."""
