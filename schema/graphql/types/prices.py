"""What the work behind a field costs besides its selection, in units of about 0.7 microseconds of one core.

The constants were measured (`python -m tests.benchmarks.worst`), and
`tests/schema/graphql/execution/test_calibration.py` holds prices to counts of the steps that are taken. A `*_ROWS`
constant says for how many rows of a list one unit is enough.
"""

from typing import NamedTuple, cast

from schema.graphql.types.fields import Arguments, Terms

# A list, whatever is asked of it.
SCAN_COST = 30
# One object of a filter, which is coerced, converted and made ready member by member; and one list or leaf.
OBJECT_COST = 30
VALUE_COST = 10
# One operator of a filter, and the look at all rows that it takes; `contains` looks at each text.
CONDITION_COST = 10
CONDITION_ROWS = 100
CONTAINS_ROWS = 10
# Putting together the rows that match.
MATCH_ROWS = 20
# One criterion of an order, which is coerced and checked, and sorting by them.
CRITERION_COST = 50
CRITERION_ROWS = 12
SORT_ROWS = 5
# A question to the store, which shares its queries with those of the same moment; and each subject of a filter of
# events, which is looked for on its own.
READ_COST = 120
SUBJECT_COST = 20
# Loading a snapshot of the past, for each of its nodes (measured: 37 microseconds). More nodes than these are not
# counted, so that four snapshots can be compared at any size of the network. Loading them waits between slices.
LOAD_COST = 18
LOAD_NODES = 300
# Unpacking a day of raw points, of buckets of five minutes, of an hour, and of a day, however little of it is wanted.
RAW_DAY_COST = 300
M5_DAY_COST = 80
H1_DAY_COST = 12
D1_DAY_COST = 8
# Reading a raw point, and so many buckets.
RAW_POINT_COST = 2
BUCKET_COST, BUCKETS = 2, 3
# Counting the versions of a point of the network's history.
VERSIONS_COST = 3
# The figures of each point of a node's history that its summary and its availability look at; those of the network stay
# unpacked in memory.
TRENDS_COST = 4
AVAILABILITY_COST = 1
# The figures of one column of all nodes that match, and putting nodes into groups.
COLUMN_COST = 30
COLUMN_ROWS = 12
GROUP_COST = 100
GROUP_ROWS = 2
# Judging a node by each criterion of a recommendation.
ASSESS_COST = 60
# Finding the nodes of a comparison, and what sets them apart.
COMPARE_COST = 60
# The parts of a score, and a score under assumptions, with its share of working out what the network runs.
PARTS_COST = 20
ASSUME_COST = 60
ASSUME_ROWS = 1
# Putting the nodes that meet all demands into neighbourhoods.
DIVERSE_ROWS = 2
# Counting all alerts that match.
SUMMARY_ROWS = 2
# What graphql-core takes for a field, in what only it can execute, and for an error.
UNCOMPILED_FACTOR = 6
ERROR_COST = 60

_CONTAINS = "contains"
_DEMANDS = 6


class _Work(NamedTuple):
    objects: int
    others: int
    conditions: int
    searches: int


def list_cost(arguments: Arguments, terms: Terms) -> int:
    """The cost of the filter of a list, and of reading its order."""
    return filter_cost(arguments.get("where"), terms) + CRITERION_COST * _criteria(arguments.get("orderBy"))


def list_order_cost(arguments: Arguments, terms: Terms) -> int:
    """The cost of sorting a list, if anything of it is selected."""
    return order_cost(arguments.get("orderBy"), terms)


def filter_cost(where: object, terms: Terms) -> int:
    """The cost of compiling a filter and applying it to all rows."""
    if not where:
        return 0
    work = _work(where)
    rows = work.conditions * terms.nodes // CONDITION_ROWS + work.searches * terms.nodes // CONTAINS_ROWS
    matching = terms.nodes // MATCH_ROWS
    return _reading(work) + CONDITION_COST * work.conditions + rows + matching


def order_cost(order: object, terms: Terms) -> int:
    """The cost of sorting all rows by some criteria."""
    criteria = _criteria(order)
    return criteria * (terms.nodes // CRITERION_ROWS) + terms.nodes // SORT_ROWS if criteria else 0


def _criteria(order: object) -> int:
    return len(cast("list[object]", order)) if isinstance(order, list) else 1 if order else 0


def recommendations_cost(arguments: Arguments, terms: Terms) -> int:
    """The cost of six criteria, which are priced like conditions of a filter, of the filter of nodes, and of checking
    neighbours."""
    demands = _DEMANDS * (CONDITION_COST + terms.nodes // CONDITION_ROWS)
    neighbours = terms.nodes // DIVERSE_ROWS
    return demands + neighbours + terms.nodes // MATCH_ROWS + filter_cost(arguments.get("where"), terms)


def events_cost(arguments: Arguments, terms: Terms) -> int:
    """The cost of compiling a filter of events, and of finding each of its subjects."""
    where: object = arguments.get("where")
    if not where:
        return 0
    subject = cast("dict[str, object]", where).get("subject") if isinstance(where, dict) else None
    return _reading(_work(cast("object", where))) + SUBJECT_COST * (_work(subject).conditions if subject else 0)


def column_cost(arguments: Arguments, terms: Terms) -> int:
    return terms.nodes // COLUMN_ROWS


def group_cost(arguments: Arguments, terms: Terms) -> int:
    return terms.nodes // GROUP_ROWS


def summary_cost(arguments: Arguments, terms: Terms) -> int:
    return terms.nodes // SUMMARY_ROWS


def _reading(work: _Work) -> int:
    """The cost of coercing and converting the values of a filter."""
    return OBJECT_COST * work.objects + VALUE_COST * work.others


def _work(where: object) -> _Work:
    """Counts for a filter: objects and other values, comparisons, and text searches."""
    objects = others = conditions = searches = 0
    left = [where]
    while left:
        value = left.pop()
        if isinstance(value, dict):
            objects += 1
            members = cast("dict[str, object]", value)
            left.extend(members.values())
            searches += _CONTAINS in members
        elif isinstance(value, list):
            others += 1
            left.extend(cast("list[object]", value))
        else:
            others += 1
            conditions += 1
    return _Work(objects, others, conditions, searches)
