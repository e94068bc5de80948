"""From YAML and the command line to checked values, presets and prompts."""
