"""`pnodes check-config`: the configuration that a process started here would use, and its errors."""

import difflib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import SecretStr

from jobs.cycle.seeds import no_seeds, review
from server.config.env_file import BadEnvFile, read_env_file
from server.config.exposure import ANY, ANY_PROXY
from server.config.sources import SourceUrl
from server.process.masking import mask_credentials, mask_url
from server.settings import BadSettings, Settings, load_settings
from server.storage.client import look_up
from server.stores import LookUp, dns_report

CLOSE_ENOUGH = 0.75
ATLAS_DOMAIN = ".mongodb.net"
ATLAS_NAME_BYTES = 38


class Report(NamedTuple):
    """The effective configuration, with one line per setting and its source; then errors and warnings."""

    effective: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def report(environ: Mapping[str, str], env_file: Path, ask: LookUp = look_up) -> Report:
    """Check everything that can be checked before a start. `ask` resolves the servers of a `mongodb+srv` URI.

    `environ` must be that of this process, which `load_settings` reads itself.
    """
    try:
        in_file = read_env_file(env_file)
    except BadEnvFile as bad:
        return Report(problems=(str(bad),))
    unknown = tuple(_unknown(in_file))
    try:
        settings = load_settings(env_file)
    except BadSettings as bad:
        return Report(problems=(*bad.problems, *unknown))
    effective = tuple(_line(name, settings, environ, in_file) for name in Settings.model_fields)
    seeds = review(settings.ip_nodes, allow_private=settings.allow_private_seeds)
    missing = no_seeds(settings)
    malformed = [missing] if missing is not None else []
    malformed += [f"IP_NODES: {problem}" for problem in seeds.malformed]
    never = [f"IP_NODES: {remark}" for remark in seeds.never]
    dns = [word for word in dns_report(settings, ask) if word is not None]
    odd = [f"IP_NODES: {remark}" for remark in (*_repeated(environ, in_file), *seeds.odd)]
    if ANY in settings.forwarded_allow_ips:
        odd.append(f"FORWARDED_ALLOW_IPS: {ANY_PROXY}")
    return Report(effective, (*malformed, *never, *dns, *unknown), (*odd, *_long_name(settings)))


def _long_name(settings: Settings) -> Iterator[str]:
    """Atlas' smaller tiers refuse a name that self-hosted servers accept."""
    size = len(settings.mongo_db.encode())
    if size > ATLAS_NAME_BYTES and ATLAS_DOMAIN in settings.mongo:
        yield f"MONGO_DB={settings.mongo_db}: {size} bytes; Atlas takes {ATLAS_NAME_BYTES} on its free and shared tiers"


def _repeated(environ: Mapping[str, str], in_file: Mapping[str, str]) -> Iterator[str]:
    """Seeds that are written twice in the same way. The settings contain each once."""
    written = environ.get("IP_NODES", "").strip() or in_file.get("IP_NODES", "")
    times = Counter(part.strip() for part in written.split(",") if part.strip())
    return (f"seed {seed}: written {count} times; it is polled once" for seed, count in times.items() if count > 1)


def _line(name: str, settings: Settings, environ: Mapping[str, str], in_file: Mapping[str, str]) -> str:
    variable = name.upper()
    if environ.get(variable, "").strip():
        source = "environment"
    elif in_file.get(variable, "").strip():
        source = ".env"
    else:
        source = "default"
    return f"{variable}={_shown(getattr(settings, name))}  ({source})"


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, SourceUrl):
        return f"{value.origin}/…"
    if isinstance(value, SecretStr):
        return mask_url(value.get_secret_value())
    if isinstance(value, tuple):
        return mask_credentials(",".join(map(str, value)))  # pyright: ignore[reportUnknownArgumentType]  (every tuple among the settings is one of texts)
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def _unknown(in_file: Mapping[str, str]) -> Iterator[str]:
    """Names in the file that are not settings, each with the setting that was probably meant."""
    known = [name.upper() for name in Settings.model_fields]
    for name in in_file:
        if name.upper() not in known:
            meant = difflib.get_close_matches(name.upper(), known, n=1, cutoff=CLOSE_ENOUGH)
            yield f".env: {name} is not a setting{f'; did you mean {meant[0]}?' if meant else ''}"
