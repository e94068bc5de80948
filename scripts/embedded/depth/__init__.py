"""`tiny_depth`: the latent prior with the disparity of its view."""
