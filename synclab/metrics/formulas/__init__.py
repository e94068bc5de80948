"""Scores as pure functions of features, one formula per file."""
