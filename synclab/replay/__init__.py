"""Replays recorded runs of the authors' code with their noise and compares the states."""
