"""Metrics: features, scores and distances computed only from pictures."""
