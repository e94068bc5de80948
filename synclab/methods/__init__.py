"""One paper a file. Methods know the protocols of `synclab.core.protocols` and nothing else."""
