"""The lock of a data folder."""

import os
from pathlib import Path

import pytest

from jobs.stack.folder import InUse, hold_folder


@pytest.mark.parametrize("lock_file", ["up.lock", "embedded.lock"])
def test_a_folder_is_held_by_one_process_which_the_message_names(tmp_path: Path, lock_file: str) -> None:
    folder = tmp_path / "new" / "folder"
    with hold_folder(folder, lock_file):
        for _ in range(2):
            with pytest.raises(InUse, match=f"is in use by process {os.getpid()}: stop it first"):
                hold_folder(folder, lock_file)
    hold_folder(folder, lock_file).close()


def test_the_locks_of_a_run_and_of_its_stores_are_two(tmp_path: Path) -> None:
    with hold_folder(tmp_path), hold_folder(tmp_path, "embedded.lock"):
        pass


def test_the_process_id_of_an_earlier_holder_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "up.lock").write_text("4711471147114711\n", encoding="utf-8")
    with hold_folder(tmp_path):
        assert (tmp_path / "up.lock").read_text(encoding="utf-8") == f"{os.getpid()}\n"
