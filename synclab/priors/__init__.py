"""Denoisers: checkpoints of Stable Diffusion's format, and data whose score is known exactly."""
