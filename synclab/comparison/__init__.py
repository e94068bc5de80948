"""Tables of our scores beside the published ones, laid out as in the papers; without torch."""
