"""Measures how well scores predict availability: out of sample, on stored history, recorded lists and simulated
months."""
