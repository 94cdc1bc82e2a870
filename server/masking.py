"""Keeps passwords out of logs and terminals."""

import re

_USERINFO = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*://)(?P<user>[^\s:/@]*):[^\s@/]*@", re.IGNORECASE)
_SECRET_OPTION = re.compile(r"(?P<name>[?&][a-z]*(?:password|secret|token)[a-z]*=)[^&\s]*", re.IGNORECASE)


def mask_credentials(text: str) -> str:
    """The text with each password of a `scheme://user:password@host` or of a `?…password=` option shown as `***`."""
    return _SECRET_OPTION.sub(r"\g<name>***", _USERINFO.sub(r"\g<scheme>\g<user>:***@", text))
