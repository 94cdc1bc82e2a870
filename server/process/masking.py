"""Keeps passwords out of logs and terminals."""

import re

HIDDEN = "***"

_WORD = re.compile(r"\S+")
_USER = re.compile(r"[\w.%+~-]{0,64}")
_OPTION_NAMES = "pass|pwd|secret|token|credential|mechanismproperties"
_OPTION = rf"(?P<name>[?&][a-z_]*(?:{_OPTION_NAMES})[a-z_]*=)"
_SECRET_OPTION = re.compile(rf"{_OPTION}(?P<value>[^&\s]*)", re.IGNORECASE)
_SECRET_REST = re.compile(rf"{_OPTION}(?P<value>.*)", re.IGNORECASE | re.DOTALL)
_HOST = r"(?:\[[0-9a-fA-F:.]+\]|[\w.%-]+)(?::\d{1,5})?"
# The name of an option begins with a small letter. Anything else after a question mark may be the rest of a password.
_OPTIONS = r"[a-z]\w*=.*"
_PLACE = re.compile(rf"{_HOST}(?:,{_HOST})*(?:/[\w.-]{{0,64}})?(?:\?(?:{_OPTIONS})?)?", re.ASCII)
_HOST_AND_PORT = re.compile(r"[\w.-]+:\d{1,5}")


def mask_credentials(text: str) -> str:
    """A text with the password of each URL in it replaced by `***`.

    Everything between `://` and the last `@` of a word counts as user and password, because an unescaped password may
    contain any character of a URL.
    """
    masked = _WORD.sub(lambda word: _without_userinfo(word[0]), text) if "://" in text else text
    return _without_options(masked)


def mask_url(url: str) -> str:
    """The value of a setting that should be a URL, without any part of a password.

    Stricter than `mask_credentials`: the part between `://` and the last `@` is never shown, with or without blanks.
    Without an `@`, a text that is not a plain host and port is hidden too, because it may be a password.
    """
    scheme, mark, rest = url.partition("://")
    if not mark:
        scheme, rest = "", url
    option = _SECRET_OPTION.search(rest)
    if option and "@" in rest[option.start() :]:
        return f"{scheme}{mark}{HIDDEN}"
    shown = _strictly_masked(rest, has_scheme=bool(mark), is_path=scheme == "unix")
    # The value of such an option may contain an & too.
    shown = _SECRET_REST.sub(rf"\g<name>{HIDDEN}", shown)
    return f"{scheme}{mark}{shown}"


def _strictly_masked(rest: str, *, has_scheme: bool, is_path: bool) -> str:
    userinfo, at, place = rest.rpartition("@")
    plain = _PLACE if has_scheme or at else _HOST_AND_PORT
    shown = place if is_path or plain.fullmatch(place) else HIDDEN
    return f"{_who(userinfo)}@{shown}" if at else shown


def secrets_of(url: str) -> tuple[str, ...]:
    """The parts of a URL that `mask_url` hides, as written."""
    rest = url.partition("://")[2] or url
    userinfo, at, _ = rest.rpartition("@")
    hidden = userinfo if at else rest if HIDDEN in mask_url(url) else ""
    return (hidden, *(option["value"] for option in _SECRET_REST.finditer(url)))


def _without_userinfo(word: str) -> str:
    scheme, mark, rest = word.partition("://")
    userinfo, at, place = rest.rpartition("@")
    # Without a colon, an @ after a slash is more likely part of a path.
    if not mark or not at or (":" not in userinfo and set("/?#") & set(userinfo)):
        return word
    return f"{scheme}{mark}{_who(userinfo)}@{place}"


def _who(userinfo: str) -> str:
    """The user, if a password follows it. A name alone may be a token."""
    user, colon, _ = userinfo.partition(":")
    return f"{user}:{HIDDEN}" if colon and _USER.fullmatch(user) else HIDDEN


def _without_options(text: str) -> str:
    return _SECRET_OPTION.sub(rf"\g<name>{HIDDEN}", text)
