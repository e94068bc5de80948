"""Tables and contact sheets of the model cards."""
