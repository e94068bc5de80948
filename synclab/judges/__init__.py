"""Small networks that judge pictures, and the requirements of the papers' networks."""
