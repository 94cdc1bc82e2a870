"""A polling cycle against real nodes: which seeds to ask, asking them, saving, announcing, and direct questions."""
