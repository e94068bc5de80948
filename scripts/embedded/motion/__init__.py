"""`tiny_motion` and the judge of its motions."""
