"""Small networks that judge pictures, and what the papers' networks need."""
