"""The examples in `/openapi.json`: real responses about an invented network, with long lists shortened.

`python -m tests.server.rest.examples` regenerates them.
"""

import json
from pathlib import Path
from typing import Any

from tests.server.rest.routes_table import OPERATIONS
from tests.server.rest.world import make_client, world

PATH = Path(__file__).parents[3] / "server" / "rest" / "examples.json"
_KEPT = 2


def examples() -> dict[str, Any]:
    """A response of each operation, by operation id."""
    client = make_client(world())
    return {operation: _cut(client.get(path).json()) for operation, path in sorted(OPERATIONS.items())}


def render() -> str:
    return json.dumps(examples(), indent=1, ensure_ascii=False) + "\n"


def _cut(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _cut(each) for key, each in value.items()}
    return [_cut(each) for each in value[:_KEPT]] if isinstance(value, list) else value


if __name__ == "__main__":
    PATH.write_text(render(), encoding="utf-8")
