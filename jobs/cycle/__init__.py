"""A polling cycle against real nodes: choosing and polling seeds, saving, announcing, and direct probes."""
