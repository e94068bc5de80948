"""Which face of a mesh every pixel sees: one protocol, three back ends."""
