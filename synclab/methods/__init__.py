"""One paper a file. Methods know the protocols of `synclab.types` and nothing else."""
