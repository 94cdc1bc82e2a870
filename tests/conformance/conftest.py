"""These tests ask a running stack: `make threats` and `make conformance` start one, and the rest of the tests do not."""

import os

collect_ignore_glob = [] if "CONFORMANCE_URL" in os.environ else ["test_*.py", "python/*"]
