"""A tree as Python: one function for each object, which writes the dictionary of its selected fields, or raises.

    def functions(InSnapshot, known, vet, listed, leaf_4, call_5):
        def object_1(x, run):
            if type(x) not in known:
                vet(x)
            r = x.record if type(x) is InSnapshot else x
            return {
                'id': v if type(v := r.id) is str else leaf_4(v),
                'score': None if (v := call_5(root=x)) is None else object_2(v, run),
            }
        ...
        return [object_0, object_1, object_2], {}

They are nested functions, which refer to the values that they use, but not to a module that would refer to them. So a
dropped program is freed at once, without the garbage collector.

No client input becomes code. Only the response names of a document are in it, as string literals made by `repr`. The
rest are attributes and parameters of our own modules, and generated names for values.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, cast

from graphql import GraphQLList, GraphQLNonNull, Undefined
from graphql.pyutils import inspect

from schema.graphql.execution.compiled.errors import Unexpected
from schema.graphql.execution.compiled.leaves import Leaf, leaf_expression, leaf_writer
from schema.graphql.execution.compiled.plan import Entry, Level, Tree
from schema.graphql.execution.compiled.recipes import Call, Load
from schema.graphql.execution.compiled.rows import Rows, RowStore
from schema.graphql.execution.compiled.tracebacks import file_name, show
from schema.graphql.execution.core import OutputType, is_awaitable, wrapped
from schema.graphql.execution.tables import InSnapshot, Items

Write = Callable[[Any, Any], Any]
"""A generated function of an object (or another value) and the `Run`."""

_GLOBALS: dict[str, Any] = {}  # all generated code shares only the builtins


class Functions(NamedTuple):
    """The functions of a tree: those of its levels, in order, and those of awaited values, by entry.

    `values` has only the awaited values that contain nothing else to await.
    """

    levels: list[Write]
    values: dict[int, Write]


def generate(tree: Tree, store: RowStore | None = None) -> tuple[str, dict[str, object]]:
    """The text of the function that creates a tree's functions, and its arguments."""
    generator = _Generator(store)
    awaited = [entry for entry in tree.entries if entry.is_async and entry.holds_plain]
    for level in tree.levels:
        generator.level(level)
    for entry in awaited:
        generator.value(entry)
    levels = ", ".join(_object(level) for level in tree.levels)
    values = ", ".join(f"{entry.number}: {_value(entry)}" for entry in awaited)
    head = f"def functions({', '.join(generator.names)}):"
    return "\n    ".join([head, *generator.lines, f"return [{levels}], {{{values}}}"]), generator.names


def functions_of(tree: Tree, store: RowStore | None = None) -> Functions:
    """The functions of a tree, ready to be called. Tracebacks show their lines. `store` keeps the JSON of nodes."""
    text, given = generate(tree, store)
    name = file_name()
    made: dict[str, Any] = {}
    exec(compile(text, name, "exec"), _GLOBALS, made)  # noqa: S102  (see above: it contains no client input)  # nosec B102
    functions = Functions(*made["functions"](**given))
    show(name, lambda: generate(tree, store)[0], functions.levels[0])
    return functions


class _Generator:
    """Writes functions, and names the values that they use."""

    def __init__(self, store: RowStore | None) -> None:
        known: set[type] = set()
        self._store = store
        self.lines: list[str] = []
        self.names: dict[str, object] = {
            "InSnapshot": InSnapshot,
            "Items": Items,
            "known": known,
            "vet": _vet_into(known),
            "listed": _listed,
        }
        self._given: dict[object, str] = {}

    def level(self, level: Level) -> None:
        fields = [f"        {entry.key!r}: {self._field(entry)}," for entry in level.entries]
        loads = [entry.recipe for entry in level.entries if isinstance(entry.recipe, Load) and entry.is_plain]
        self.lines.append(f"def {_object(level)}(x, run):")
        if level.number > 0:  # the root has no object: its fields are functions of the context
            self.lines += ["    if type(x) not in known:", "        vet(x)"]
        if any(_holder(load) == "r" for load in loads):
            self.lines.append("    r = x.record if type(x) is InSnapshot else x")
        self.lines += ["    return {", *fields, "    }"]

    def value(self, entry: Entry) -> None:
        body = self._completed(entry.type, "v", entry)
        self.lines += [f"def {_value(entry)}(v, run):", f"    return {body}"]

    def _field(self, entry: Entry) -> str:
        if not entry.is_plain:
            return "None"
        match entry.recipe:
            case None:
                return repr(entry.parent.name)
            case Load() as load:
                value = f"{_holder(load)}.{load.name}"
                return self._completed(
                    entry.type, f"({value} or None)" if load.empty_is_null else value, entry, load.sound
                )
            case Call() as call:
                return self._completed(entry.type, self._call(call, entry), entry)

    def _call(self, call: Call, entry: Entry) -> str:
        given = [f"{name}=x" for name in call.sources]
        if call.info is not None:
            given.append(f"{call.info}=run.info({entry.number})")
        written = entry.given.written if entry.given is not None else None
        if written is None:
            given.append(f"**run.arguments({entry.number})")
        else:
            given += [f"{name}={self._name('given', value)}" for name, value in written.items()]
        return f"{self._name('call', call.function)}({', '.join(given)})"

    def _completed(self, type_: OutputType, load: str, entry: Entry, sound: Callable[[Any], bool] | None = None) -> str:
        """An expression that writes the value of the expression `load`, which is of the type."""
        nullable = not isinstance(type_, GraphQLNonNull)
        inner = type_ if nullable else wrapped(type_)
        if isinstance(inner, GraphQLList):
            write = self._list(wrapped(inner), entry)
        elif entry.below is not None:
            write = _object(entry.below)
        else:
            return leaf_expression(Leaf(inner, nullable, sound), load, self._name)
        if not nullable:
            return f"{write}({load}, run)"
        return f"None if {'v' if load == 'v' else f'(v := {load})'} is None else {write}(v, run)"

    def _list(self, item: OutputType, entry: Entry) -> str:
        """The name of a function that writes lists of the type."""
        body = self._completed(item, "v", entry)
        name = f"list_{len(self.lines)}"
        self.lines.append(f"def {name}(x, run):")
        if self._store is not None and entry.below is not None and entry.below.is_fixed:
            rows = self._name("rows", Rows(self._store))
            self.lines += [
                f"    if type(x) is Items and (out := {rows}.written(x, run, {_object(entry.below)})) is not None:",
                "        return out",
            ]
        self.lines += [
            "    out = []",
            "    add = out.append",
            "    for v in x if type(x) is tuple or type(x) is list else listed(x):",
            f"        add({body})",
            "    return out",
        ]
        return name

    def _name(self, prefix: str, value: object) -> str:
        """A name for a value, the same for the same value; for a leaf, that of the function that writes it."""
        key = value if isinstance(value, Leaf) else id(value)
        if key not in self._given:
            name = self._given[key] = f"{prefix}_{len(self.names)}"
            self.names[name] = leaf_writer(value) if isinstance(value, Leaf) else value
        return self._given[key]


def _object(level: Level) -> str:
    return f"object_{level.number}"


def _value(entry: Entry) -> str:
    return f"value_{entry.number}"


def _holder(load: Load) -> str:
    """The object with the attribute: `x`, or the record in it. Attributes of `InSnapshot` take precedence."""
    return "x" if hasattr(InSnapshot, load.name) else "r"


def _vet_into(known: set[type]) -> Callable[[object], None]:
    """Accepts the object types that graphql-core accepts, and adds them to `known`."""

    def vet(value: object) -> None:
        if value is None or value is Undefined or isinstance(value, Exception) or is_awaitable(value):
            raise Unexpected(f"{inspect(value)} is no object to select fields of")
        known.add(type(value))

    return vet


def _listed(value: object) -> Sequence[object]:
    """The value, if it is a sequence, because graphql-core may have to read it again."""
    if not isinstance(value, Sequence) or isinstance(value, str | bytes | bytearray | memoryview):
        raise Unexpected(f"{inspect(value)} is no list")
    return cast("Sequence[object]", value)
