"""Why the system refused to listen somewhere, in its own words."""


def refusal_of(error: OSError) -> str:
    """The system's words alone: `socket.create_server` adds the address to them, which our messages name already."""
    return (error.strerror or str(error)).partition(" (while attempting")[0]
