"""Why compiled code is not used."""


class NotCompilable(Exception):
    """An operation has something in it that only graphql-core knows how to execute; the message names it."""


class Unexpected(Exception):
    """A value is not what a compiled function can write, so that graphql-core must look at it."""
