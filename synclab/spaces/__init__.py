"""Canonical spaces: each a linear projection to views and its way back."""
