"""The training loop, optimizers, and what denoisers share."""
