"""The embedded networks that score pictures, and the requirements of the papers' networks."""
