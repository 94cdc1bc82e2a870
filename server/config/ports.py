"""Ports, as settings and command lines give them."""

import argparse

MAX_PORT = 65_535


def port_argument(text: str) -> int:
    """The port that an argument of a command line names. Raises `argparse.ArgumentTypeError`."""
    port = int(text) if text.isascii() and text.isdecimal() else 0
    if not 1 <= port <= MAX_PORT:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a port from 1 to {MAX_PORT}")
    return port
