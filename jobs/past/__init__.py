"""Work on the past: roll-up into history, retention, and the import of recorded lists."""
