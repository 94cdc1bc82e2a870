"""Why compiled code is not used."""


class NotCompilable(Exception):
    """Only graphql-core can execute a part of the operation, which the message names."""


class Unexpected(Exception):
    """A compiled function cannot write a value, so graphql-core has to handle it."""
