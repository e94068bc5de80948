"""The mathematics and the protocols that everything else shares."""
