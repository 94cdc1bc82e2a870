"""One storage node: what is observed of it, what is remembered, and its record as published."""
