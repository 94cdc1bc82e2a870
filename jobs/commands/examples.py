"""Examples of each command, for its `--help`. The tests parse every one."""

from collections.abc import Mapping

EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "": ("up --simulate", "verify http://127.0.0.1:8000", "COMMAND --help"),
    "up": ("up --simulate", "up --simulate 30 --port 9000", "up --replay lists/ --data-dir /var/lib/pnodes", "up"),
    "serve": ("serve", "serve --host 0.0.0.0 --port 9000"),
    "worker": ("worker",),
    "simulate": ("simulate --nodes 100 --faults none", "simulate --replay lists/ --interval 60 --loop"),
    "verify": ("verify", "verify https://pnodes.example.org"),
    "probe": ("probe 192.0.2.7", "probe 192.0.2.7:6000"),
    "import": ("import lists/", "import --keep-raw lists/20260131T235959.json"),
    "evaluate": (
        "evaluate",
        "evaluate --from 2026-01-01 --horizon 1d,7d",
        "evaluate --months 30 --nodes 50 --json out.json",
    ),
    "backup": ("backup pnodes.backup", "backup --force pnodes.backup", "backup -"),
    "restore": ("restore pnodes.backup", "restore --force pnodes.backup", "restore -"),
    "move": ("move --to mongodb+srv://cluster.example.org/",),
    "export-schema": ("export-schema", "export-schema --output schema.graphql"),
    "check-config": ("check-config",),
}


def epilog(command: str, called: str) -> str:
    """The examples of a command as a paragraph. `called` is the command line that runs `pnodes` here."""
    return "\n".join(["examples:", *(f"  {called} {example}" for example in EXAMPLES[command])])
