"""`python -m jobs`: runs the `pnodes` command if it is not installed as a script."""

import sys

from jobs.cli import main

if __name__ == "__main__":
    sys.exit(main())
