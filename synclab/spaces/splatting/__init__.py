"""Splatting of 3D Gaussians as a linear map of their colours: one protocol, two back ends."""
