"""What the models are trained on and scored with: captioned views of the procedural world."""
