"""Recorded runs of the authors' code, replayed: their noises in, our states beside theirs."""
