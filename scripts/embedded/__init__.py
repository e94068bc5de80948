"""How the embedded models are made: their data, training and scores.

`python -m scripts.embedded --help` lists the stages. Rooms import only from those before them:
data, training, cards, judges, latent, then depth and pixels; motion needs training only.
"""
