"""The results folder: atomic files, claims, the journal and finished pictures."""
