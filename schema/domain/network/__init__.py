"""The network as a whole: health, distributions, operators, topology, and the advice drawn from them."""
