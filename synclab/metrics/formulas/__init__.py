"""Scores as pure functions of features; one formula a file."""
