"""Rasterisers, which find the visible face at every pixel: one protocol, three back ends."""
