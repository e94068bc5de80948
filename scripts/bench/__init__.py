"""What runs and commands cost: one bench a module, opened by `scripts/bench.py`."""
