"""`tiny_pixels`: a prior without an autoencoder."""
