"""The `pnodes` command."""

import argparse
import asyncio
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from jobs.commands import check_config, copies, evaluating, importing
from jobs.commands.examples import epilog
from jobs.commands.importing import ImportWish
from jobs.commands.invocation import NAME, invocation
from jobs.commands.up import Stack
from jobs.commands.verify import NotThere, find, local_url, verify
from jobs.cycle.seeds import review
from jobs.evaluate import wishes as evaluation
from jobs.past.recording import BadRecording
from jobs.prpc.address import Seed, parse_seed
from jobs.prpc.client import Limits, PrpcClient
from jobs.prpc.dial import Dialler
from jobs.prpc.probe import ProbeReport, probe, render
from jobs.simulate import command as simulate
from jobs.stack.plan import Wish
from server.config.ports import port_argument
from server.process.release import release
from server.process.statuses import BAD_USAGE
from server.settings import ENV_FILE, BadSettings, Settings, load_settings
from server.stores import check_stores

DEFAULT_SIMULATED_NODES = 300


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command. The exit status is 0 on success, 1 on failure, 2 for invalid arguments."""
    for stream in (sys.stdout, sys.stderr):
        # A path may contain bytes that a terminal cannot display.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    given = list(sys.argv[1:] if arguments is None else arguments)
    if not given:
        parser().print_help(sys.stderr)
        return BAD_USAGE
    options = parser().parse_args(given)
    try:
        return options.run(options)
    except BadSettings as bad:
        print(bad, file=sys.stderr)
        return BAD_USAGE
    except KeyboardInterrupt:
        return 130


def parser() -> argparse.ArgumentParser:
    """The command line parser of all commands. `run` is the function of a command."""
    called = invocation()
    whole = argparse.ArgumentParser(
        prog=NAME,
        description="Analytics for Xandeum storage nodes.",
        epilog=epilog("", called),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    whole.add_argument("--version", action="version", version=f"{NAME} {release()}")
    commands = whole.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def add(name: str, does: str) -> argparse.ArgumentParser:
        return commands.add_parser(
            name,
            help=does,
            description=f"{does[0].upper()}{does[1:]}.",
            epilog=epilog(name, called),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )

    up = add("up", "run everything: stores, worker and API")
    invented = up.add_mutually_exclusive_group()
    invented.add_argument(
        "--simulate",
        type=int,
        nargs="?",
        const=DEFAULT_SIMULATED_NODES,
        metavar="N",
        help=f"ask a simulated network of N nodes on loopback ({DEFAULT_SIMULATED_NODES})",
    )
    invented.add_argument(
        "--replay", type=Path, metavar="DIR", help="ask a network that gives the lists in DIR once, one each CACHE_TTL"
    )
    up.add_argument("--port", type=port_argument, help="port of the API (PORT)")
    up.add_argument("--data-dir", type=Path, metavar="DIR", help="folder of stores and logs (DATA_DIR)")
    up.set_defaults(run=_up)

    serve = add("serve", "run the API alone")
    serve.add_argument("--host", help="address to listen on (HOST)")
    serve.add_argument("--port", type=port_argument, help="port to listen on (PORT)")
    serve.set_defaults(run=_serve)

    add("worker", "run a worker alone").set_defaults(run=_worker)

    network = add("simulate", "run a simulated network on loopback alone")
    simulate.add_arguments(network)
    network.set_defaults(run=_simulate)

    check = add("verify", "check a running deployment")
    check.add_argument(
        "url", nargs="?", metavar="URL", help="its address (the one that HOST and PORT give, on this machine)"
    )
    check.set_defaults(run=_verify)

    ask = add("probe", "ask one node all methods, and explain its answers")
    ask.add_argument("node", metavar="HOST[:PORT]", help="the node; the port is that of its pRPC (6000)")
    ask.set_defaults(run=_probe)

    past = add("import", "load recorded lists into history, as if they had been collected")
    past.add_argument("files", nargs="+", type=Path, metavar="FILE", help="recorded lists, or folders of them")
    past.add_argument("--keep-raw", action="store_true", help="exempt what is imported from raw retention")
    past.add_argument("--data-dir", type=Path, metavar="DIR", help="folder of the stores (DATA_DIR)")
    past.set_defaults(run=_import)

    measured = add("evaluate", "measure how well the scores tell nodes apart")
    evaluation.add_arguments(measured)
    measured.set_defaults(run=_evaluate)

    backup = add("backup", "write the whole store to a file, while it is in use")
    copies.add_backup(backup)
    backup.set_defaults(run=_backup)

    restore = add("restore", "fill the store with a backup")
    copies.add_restore(restore)
    restore.set_defaults(run=_restore)

    move = add("move", "carry the store over to another MongoDB, while collecting goes on")
    copies.add_move(move)
    move.set_defaults(run=_move)

    schema = add("export-schema", "print the GraphQL schema")
    schema.add_argument("--output", type=Path, metavar="FILE", help="write to this file instead")
    schema.set_defaults(run=_export_schema)

    config = add("check-config", "show the effective configuration, and what is wrong with it")
    config.set_defaults(run=_check_config)
    return whole


def _up(options: argparse.Namespace) -> int:
    try:
        simulate.check(options.simulate, options.replay)
    except ValueError as error:
        print(error, file=sys.stderr)
        return BAD_USAGE
    wish = Wish(options.simulate, options.replay, options.port, options.data_dir)
    return asyncio.run(Stack(wish, _store_settings(), _print_now).run())


def _store_settings() -> Settings:
    """The settings of a command that uses the stores. Raises BadSettings."""
    settings = load_settings()
    check_stores(settings)
    return settings


def _serve(options: argparse.Namespace) -> NoReturn:
    wanted = [("--host", options.host), ("--port", options.port)]
    _become("server", *(part for name, value in wanted if value is not None for part in (name, str(value))))


def _worker(_: argparse.Namespace) -> NoReturn:
    _become("jobs.worker")


def _export_schema(options: argparse.Namespace) -> NoReturn:
    _become("server.export_schema", *(("--output", str(options.output)) if options.output else ()))


def _simulate(options: argparse.Namespace) -> int:
    try:
        asyncio.run(simulate.run(options))
    except ValueError as error:
        print(error, file=sys.stderr)
        return BAD_USAGE
    return 0


def _verify(options: argparse.Namespace) -> int:
    url = options.url
    if url is None:
        settings = load_settings()
        url = local_url(settings.host, settings.port)
    try:
        fetch = find(url)
    except ValueError as error:
        print(error, file=sys.stderr)
        return BAD_USAGE
    except NotThere as error:
        print(error, file=sys.stderr)
        return 1
    failed = 0
    for outcome in verify(fetch):
        failed += not outcome.passed
        word, check = "pass" if outcome.passed else "FAIL", outcome.check
        print(f"{word}  {check.name:<16} {check.path:<26} {check.place} is {check.expected}", flush=True)
        if outcome.found:
            print(f"      {outcome.found}")
    print(f"{failed} failed" if failed else "all checks passed")
    return 1 if failed else 0


def _probe(options: argparse.Namespace) -> int:
    settings = load_settings()
    try:
        seed = parse_seed(options.node)
    except ValueError as error:
        print(error, file=sys.stderr)
        return BAD_USAGE
    for remark in review([options.node], allow_private=settings.allow_private_seeds).remarks:
        print(f"warning: {remark}", flush=True)
    limits = Limits.for_interval(settings.cache_ttl, max_body_bytes=settings.rpc_max_body_bytes)
    report = asyncio.run(_asked(seed, limits, Dialler(allow_private=settings.allow_private_seeds)))
    print(render(report))
    return 0 if report.ok else 1


async def _asked(seed: Seed, limits: Limits, dialler: Dialler) -> ProbeReport:
    async with PrpcClient(dialler, limits) as client:
        return await probe(client, seed)


def _import(options: argparse.Namespace) -> int:
    wish = ImportWish(tuple(options.files), options.keep_raw, options.data_dir)
    try:
        return asyncio.run(importing.run(wish, _store_settings(), _print_now))
    except (BadRecording, OSError) as error:
        print(error, file=sys.stderr)
        return BAD_USAGE


def _evaluate(options: argparse.Namespace) -> int:
    try:
        return asyncio.run(evaluating.run(options, _store_settings, _print_now))
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return BAD_USAGE


def _backup(options: argparse.Namespace) -> int:
    return copies.run_backup(options, _store_settings())


def _restore(options: argparse.Namespace) -> int:
    return copies.run_restore(options, _store_settings())


def _move(options: argparse.Namespace) -> int:
    return copies.run_move(options, _store_settings())


def _check_config(_: argparse.Namespace) -> int:
    found = check_config.report(os.environ, ENV_FILE)
    for line in found.effective:
        print(line)
    for warning in found.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    for problem in found.problems:
        print(f"problem: {problem}", file=sys.stderr)
    return BAD_USAGE if found.problems else 0


def _print_now(line: str) -> None:
    print(line, flush=True)


def _become(module: str, *arguments: str) -> NoReturn:
    """Replace this process. This package never imports the web side."""
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", module, *arguments])  # noqa: S606  (our own modules, by our own interpreter)  # nosec B606


if __name__ == "__main__":
    sys.exit(main())
