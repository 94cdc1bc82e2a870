"""Stores that refuse the password, and logs that do not contain it."""

import pytest

from tests.faults.rig import Rig, events, until
from tests.faults.secrets import PASSWORD, leaks, with_password
from tests.patience import PATIENCE_SECONDS
from tests.processes import REPOSITORY, free_port


@pytest.mark.quick
async def test_stores_that_are_away_or_refuse_the_password_do_not_bring_it_into_a_log(rig: Rig) -> None:
    settings = {
        "MONGO_URI": with_password(rig.mongo_uri),
        "REDIS_URL": with_password(f"redis://127.0.0.1:{free_port()}/0"),
    }
    worker, api = rig.worker(tree=REPOSITORY, **settings), rig.api(tree=REPOSITORY, **settings)
    for process in (worker, api.process):
        await until(lambda: events(process, "store.unreachable"), PATIENCE_SECONDS, "the store refuses")  # noqa: B023  awaited here
    assert PASSWORD in settings["MONGO_URI"]
    assert leaks(rig.folder) == []
