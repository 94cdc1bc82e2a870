"""`python -m jobs.simulate`."""

import sys

from jobs.simulate.command import main

if __name__ == "__main__":
    sys.exit(main())
