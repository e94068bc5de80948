"""What judges results: features, scores and distances, from pictures alone."""
