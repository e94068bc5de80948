"""Turns YAML and the command line into checked values, presets and prompts."""
