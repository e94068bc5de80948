"""The results folder: atomic writes, claims, journal and finished pictures."""
