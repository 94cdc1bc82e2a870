"""`python -m jobs`: the `pnodes` command where it is not installed as one."""

import sys

from jobs.cli import main

if __name__ == "__main__":
    sys.exit(main())
