"""Fail if the branch coverage of a part of the code is below a minimum: `branch_coverage.py FLOOR PREFIX…`."""

import json
import sys
from pathlib import Path


def main(floor: float, prefixes: list[str]) -> int:
    files = json.loads(Path("coverage.json").read_text())["files"]
    failed = 0
    for prefix in prefixes:
        summaries = [f["summary"] for name, f in files.items() if name.startswith(prefix)]
        total = sum(s["num_branches"] for s in summaries)
        covered = sum(s["covered_branches"] for s in summaries)
        share = 100 * covered / total if total else 0.0
        print(f"{prefix}: {covered} of {total} branches covered, {share:.1f} % (floor {floor:g} %)")
        failed += share < floor
    return failed


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), sys.argv[2:]))
