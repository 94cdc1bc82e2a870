"""Records without validation are the same as records with it."""

from typing import Any

import pytest

from schema.domain.base import Record
from schema.domain.lean import unchecked
from schema.domain.node.pnode import AddressSighting, PNode, Provenance, Score
from tests.factories import network, pnode, score


def test_an_unchecked_record_equals_the_checked_one_and_is_written_alike() -> None:
    scored = pnode(1, score=score())
    records = (scored, scored.provenance, scored.score, *(node for node in network(20).nodes))
    for record in filter(None, records):
        kind: Any = type(record)
        made = unchecked(kind)(**dict(reversed(dict(record).items())))
        assert made == record
        assert made.model_dump_json() == record.model_dump_json()
        assert made.model_fields_set == record.model_fields_set == set()


def test_what_is_not_given_has_its_default() -> None:
    made = unchecked(Provenance)(seed="45.1.2.7", observed_at=100)
    assert made == Provenance(seed="45.1.2.7", observed_at=100)


def test_copies_of_an_unchecked_record_share_no_values() -> None:
    made = unchecked(Provenance)(seed="45.1.2.7", observed_at=100)
    assert made.model_copy(update={"observed_at": 200}).observed_at == 200
    assert made.observed_at == 100


@pytest.mark.parametrize("record", [PNode, Provenance, AddressSighting, Score])
def test_shared_defaults_are_immutable(record: type[Record]) -> None:
    for name, field in record.model_fields.items():
        assert field.default_factory is None, name
        if not field.is_required():
            hash(field.get_default())
