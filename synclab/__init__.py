"""synclab: a benchmark and reproduction harness for diffusion synchronization."""

__version__ = "0.1.0"
