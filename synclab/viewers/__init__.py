"""Shows results to people: a page with viewers, and contact sheets."""
