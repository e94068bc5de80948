"""Other people's outputs: where they lie and how they become samples of ours."""
