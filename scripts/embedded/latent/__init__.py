"""`tiny` and its student `tiny_fast`."""
