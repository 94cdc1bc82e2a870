"""The meaning of a failed bulk write."""

from typing import Any

import pytest
from pymongo.errors import BulkWriteError

from server.storage.bulk import duplicates


def test_keys_that_exist_already_are_named_by_position() -> None:
    error = BulkWriteError({"writeErrors": [{"index": 4, "code": 11_000}, {"index": 7, "code": 11_000}]})
    assert duplicates(error) == [4, 7]


@pytest.mark.parametrize(
    "details",
    [
        {"writeErrors": [{"index": 0, "code": 11_000}, {"index": 1, "code": 14_031}]},
        {"writeErrors": [{"index": 0, "code": 11_000}], "writeConcernErrors": [{"code": 64}]},
        {"writeConcernErrors": [{"code": 64}]},
        {},
    ],
    ids=["another failure too", "not acknowledged by enough", "only not acknowledged", "no reason given"],
)
def test_any_other_failure_is_raised_as_it_is(details: dict[str, Any]) -> None:
    error = BulkWriteError(details)
    with pytest.raises(BulkWriteError) as raised:
        duplicates(error)
    assert raised.value is error
