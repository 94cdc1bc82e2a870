"""The log of events: written after each commit, read in pages."""
