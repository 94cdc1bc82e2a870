"""Why the system refused to listen on an address, in the system's words."""


def refusal_of(error: OSError) -> str:
    """The system's message alone: `socket.create_server` appends the address, which our messages contain already."""
    return (error.strerror or str(error)).partition(" (while attempting")[0]
