"""The mathematics, protocols and file helpers that everything else shares."""
