"""The version of the documents in a store, kept in its head, and the refusal of a newer one.

| version | since | what changed |
|---|---|---|
| 1 | the first release | an event is one object in the field `event` of its document |
| 2 | | the fields of an event are fields of its document |
| 3 | | `seen` of a registry document is the last contact, also if no seed reported one |

A store that is older than the field has no version. It may be any of 1 to 3, so all migrations run on it, and each of
them skips documents that already have the newer form. The version is incremented for a change that an older release
cannot read. A new field with a default is not such a change, nor is a payload with a new encoding number.
"""

from collections.abc import Mapping
from typing import Any

from schema.domain.errors import StoreTooNew

DOCUMENT_VERSION = 3
FIRST_VERSION = 1
NOT_NEWER: Mapping[str, Any] = {"document_version": {"$not": {"$gt": DOCUMENT_VERSION}}}
"""The condition on a head that this release may write to."""


def check_version(found: int | None) -> None:
    """Raises StoreTooNew for the documents of a newer release; `found` is the version in the head, if there is one."""
    if found is not None and found > DOCUMENT_VERSION:
        raise StoreTooNew(
            f"the store has documents of version {found}, and this release reads versions up to {DOCUMENT_VERSION}: "
            "run the release that wrote it, or a newer one"
        )
