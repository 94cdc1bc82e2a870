from pathlib import Path

import pytest

from schema.graphql.build import export_sdl
from server.export_schema import main


def test_the_schema_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert capsys.readouterr().out == export_sdl()


def test_the_schema_is_written_to_a_file(tmp_path: Path) -> None:
    target = tmp_path / "schema.graphql"

    assert main(["--output", str(target)]) == 0
    assert target.read_text(encoding="utf-8") == export_sdl()


@pytest.mark.parametrize("place", ["nowhere/schema.graphql", "."])
def test_a_file_that_cannot_be_written_is_named_in_one_line(
    tmp_path: Path, place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--output", str(tmp_path / place)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"cannot write {tmp_path / place}: ")
