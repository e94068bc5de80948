"""Canonical spaces: each defines a linear projection to views and its inverse."""
