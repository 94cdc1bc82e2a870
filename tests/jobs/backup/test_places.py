"""Where a backup is written and read."""

import stat
from pathlib import Path

import pytest

from jobs.backup.places import read_from, written_to
from schema.backup import BackupError


def test_a_file_appears_once_it_is_whole_and_is_private(tmp_path: Path) -> None:
    file = tmp_path / "b"
    with written_to(str(file), force=False) as out:
        out.write(b"x")
        assert not file.exists()
    assert file.read_bytes() == b"x"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [file]


def _fail(file: Path) -> None:
    with written_to(str(file), force=True) as out:
        out.write(b"half")
        raise BackupError("stopped")


def test_a_backup_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    file = tmp_path / "b"
    file.write_bytes(b"before")
    with pytest.raises(BackupError):
        _fail(file)
    assert file.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_that_exists_is_replaced_by_force_alone(tmp_path: Path) -> None:
    file = tmp_path / "b"
    file.write_bytes(b"before")
    with (
        pytest.raises(BackupError, match=r"the file .* exists: --force replaces it"),
        written_to(str(file), force=False),
    ):
        pass
    with written_to(str(file), force=True) as out:
        out.write(b"after")
    assert file.read_bytes() == b"after"
    with read_from(str(file)) as source:
        assert source.read() == b"after"
