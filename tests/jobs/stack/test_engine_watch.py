"""The embedded engine must be restarted if it fails and there is space."""

from pathlib import Path

import pytest

from jobs.stack.engine_watch import LOOK_SECONDS, ROOM_FILE, EngineWatch, has_room
from tests.processes import free_port


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.stack
def test_an_engine_that_answers_is_left_alone(mongo_uri: str, tmp_path: Path) -> None:
    clock = Clock()
    watch = EngineWatch(mongo_uri, tmp_path, clock)
    clock.now += LOOK_SECONDS
    assert not watch.must_restart()
    watch.close()


def test_one_that_does_not_answer_may_be_busy(tmp_path: Path) -> None:
    clock = Clock()
    watch = EngineWatch(f"mongodb://127.0.0.1:{free_port()}/", tmp_path, clock)
    clock.now += LOOK_SECONDS
    assert not watch.must_restart()
    watch.close()


def test_it_is_looked_at_every_few_seconds_alone(tmp_path: Path) -> None:
    watch = EngineWatch(f"mongodb://127.0.0.1:{free_port()}/", tmp_path, clock := Clock())
    clock.now += LOOK_SECONDS - 0.1
    assert not watch.must_restart()  # at once: nothing was called
    watch.close()


def test_room_is_what_can_be_written(tmp_path: Path) -> None:
    assert has_room(tmp_path)
    assert not (tmp_path / ROOM_FILE).exists()
    assert not has_room(tmp_path / "absent")
