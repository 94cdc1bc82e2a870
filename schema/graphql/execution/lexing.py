"""How many tokens a document has, counted by one pattern, in a hundredth of the time that a parser takes."""

import re
from itertools import islice

from schema.graphql.execution.limits import MAX_TOKENS

# Comments count, as they do for the parser. What is no token is skipped: such documents do not parse.
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
    """Whether a document has more than MAX_TOKENS. True only where the parser would find so, or another syntax error."""
    return next(islice(_TOKEN.finditer(query), MAX_TOKENS, None), None) is not None
