"""Outputs of other projects: their file layouts, and their conversion to samples."""
