"""Tables of ours beside published: read from files, laid out as in the papers. No torch here."""
