"""Small documents that would be expensive for a server without limits."""


def doubling(fragments: int, salt: str = "") -> str:
    """Each fragment spreads the next one twice, which gives 2^n fields."""
    links = [f"fragment f{i} on Query{{...f{i + 1} ...f{i + 1}}}" for i in range(fragments)]
    return f"query q{salt}{{...f0}} " + " ".join([*links, f"fragment f{fragments} on Query{{__typename}}"])


def cycle(length: int, salt: str = "") -> str:
    """Fragments that spread each other in a circle."""
    links = [f"fragment f{i} on Query{{...f{(i + 1) % length}}}" for i in range(length)]
    return f"query q{salt}{{...f0}} " + " ".join(links)


def aliases(count: int) -> str:
    return "{" + " ".join(f"a{i}:__typename" for i in range(count)) + "}"


def nested_selections(depth: int, salt: str = "") -> str:
    return f"query q{salt}" + "{a" * depth + "}" * depth


def asking(salt: str, value: str) -> str:
    """A document that does not validate, with this literal in it."""
    return f"query q{salt}{{pnode(nope: {value}) {{id}}}}"


def unknown_fields(count: int, salt: str = "") -> str:
    return f"query q{salt}{{" + " ".join(f"u{i}" for i in range(count)) + "}"


def operations(count: int, salt: str = "") -> str:
    return " ".join(f"query q{salt}{i}{{a}}" for i in range(count))


def repeated_arguments(count: int, salt: str = "") -> str:
    return f"query q{salt}{{pnodes(" + "first: 1 " * count + ") {totalCount}}"


def conflicts(pairs: int, salt: str = "") -> str:
    """Fields with one response name."""
    return f"query q{salt}{{" + 'a: pnode(id: "1") {id} a: snapshot {slot} ' * pairs + "}"


def wide(times: int, salt: str = "") -> str:
    """A few bytes that request much data about each node of the largest page."""
    fields = " ".join(f"a{i}: operator {{pnodes {{id}}}}" for i in range(times))
    return f"query q{salt}{{pnodes(first: 500) {{nodes {{{fields}}}}}}}"
