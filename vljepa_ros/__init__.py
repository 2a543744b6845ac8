"""A robot that thinks in meanings: semantic states, plans over imagined outcomes, speech on change."""

__version__ = "0.1.0"
