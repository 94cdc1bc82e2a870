"""The exit statuses of all processes."""

FAILED = 1
"""The process cannot go on."""
BAD_USAGE = 2
"""Its arguments, settings or store cannot be used. To start it again does not help."""
