"""A recording through the whole pipeline, and what is worth keeping of it."""
