"""A robot that thinks in meanings: semantic states, imagined outcomes, speech on change."""

__version__ = "0.1.0"
