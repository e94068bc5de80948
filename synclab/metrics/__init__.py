"""Metrics: features and scores computed from pictures alone."""
