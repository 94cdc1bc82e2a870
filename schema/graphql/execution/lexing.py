"""Counts the tokens of a document with one pattern, in a hundredth of the time of a parser."""

import re
from itertools import islice

from schema.graphql.execution.limits import MAX_TOKENS

# Comments count, as in the parser. Text that is not a token is skipped, because such documents do not parse.
# Strings match whether or not they end, and nothing is tried twice: time is linear in the length of any text.
_TOKEN = re.compile(
    r'"""(?:[^"\\]|\\"""|\\|"(?!""))*+(?:""")?'  # block strings
    r'|"(?:[^"\\\n\r]|\\.)*+"?'
    r"|#[^\n\r]*"
    r"|[_A-Za-z][_0-9A-Za-z]*"
    r"|-?[0-9][0-9.eE+-]*"
    r"|\.\.\."
    r"|[!$&()\[\]{}:=@|]"
)


def has_too_many_tokens(query: str) -> bool:
    """Whether a document has more than MAX_TOKENS. True only if the parser reports that or another syntax error."""
    return next(islice(_TOKEN.finditer(query), MAX_TOKENS, None), None) is not None
