"""One polling cycle as pure functions: merging replies, accumulating nodes, judging seeds, finding changes."""
