"""`pnodes check-config`: what a process started here would be configured with, and what is wrong with it."""

import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from pydantic import SecretStr

from jobs.parts import seeds_of
from server.masking import mask_credentials
from server.settings import BadSettings, Settings, load_settings

CLOSE_ENOUGH = 0.75


def report(environ: Mapping[str, str], env_file: Path) -> tuple[list[str], list[str]]:
    """The effective configuration, a line for each setting with where it comes from, and the problems found.

    `environ` must be that of this process, which `load_settings` reads by itself.
    """
    in_file = dotenv_values(env_file) if env_file.is_file() else {}
    problems = list(_strangers(in_file))
    try:
        settings = load_settings(env_file)
    except BadSettings as bad:
        return [], [*bad.problems, *problems]
    try:
        seeds_of(settings)
    except BadSettings as bad:
        problems += bad.problems
    return [_line(name, settings, environ, in_file) for name in Settings.model_fields], problems


def _line(name: str, settings: Settings, environ: Mapping[str, str], in_file: Mapping[str, str | None]) -> str:
    variable = name.upper()
    if environ.get(variable, "").strip():
        source = "environment"
    elif (in_file.get(variable) or "").strip():
        source = ".env"
    else:
        source = "default"
    return f"{variable}={_shown(getattr(settings, name))}  ({source})"


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, SecretStr):
        return mask_credentials(value.get_secret_value())
    if isinstance(value, tuple):
        return ",".join(map(str, value))  # pyright: ignore[reportUnknownArgumentType]  (every tuple among the settings is one of texts)
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def _strangers(in_file: Mapping[str, str | None]) -> Iterator[str]:
    """Names in the file that are no settings, with the one that may have been meant."""
    known = [name.upper() for name in Settings.model_fields]
    for name in in_file:
        if name.upper() not in known:
            meant = difflib.get_close_matches(name.upper(), known, n=1, cutoff=CLOSE_ENOUGH)
            yield f".env: {name} is not a setting{f'; did you mean {meant[0]}?' if meant else ''}"
