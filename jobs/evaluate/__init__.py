"""How well scores tell nodes apart: measured out of sample, on stored history, recorded lists and simulated months."""
