"""How the embedded models are made: their data, training and scores, one part a module.

`python -m scripts.embedded --help` lists the stages.
"""
