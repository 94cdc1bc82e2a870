"""One storage node: its observations, its memory, and its published record."""
