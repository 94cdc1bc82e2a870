"""Print the GraphQL schema: `python -m server.export_schema [--output FILE]`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from schema.graphql.build import export_sdl


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the SDL to a file or to standard output. Returns 0, or 1 if the file cannot be written."""
    parser = argparse.ArgumentParser(
        prog="python -m server.export_schema",
        description="Print the GraphQL schema in SDL, sorted.",
        epilog="example: python -m server.export_schema --output schema.graphql",
        allow_abbrev=False,
    )
    parser.add_argument("--output", type=Path, metavar="FILE", help="write to this file instead of standard output")
    output: Path | None = parser.parse_args(arguments).output
    text = export_sdl()
    if output is None:
        sys.stdout.write(text)
        return 0
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        sys.stderr.write(f"cannot write {output}: {error.strerror}; choose another file with --output\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
