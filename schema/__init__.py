"""What the data is, and how it is published. Nothing in here touches the network, a database or the clock."""
