"""The command, end to end, over a small simulated month."""

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from jobs import cli
from jobs.evaluate import command, page
from jobs.evaluate.raters import RATERS
from jobs.simulate.months import Months

MONTHS = ["evaluate", "--months", "12", "--nodes", "24", "--horizon", "1d,3d"]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs")
    assert cli.main([*MONTHS, "--docs", str(folder), "--json", str(folder / "out.json")]) == 0
    return folder


def figures(folder: Path) -> Any:
    return json.loads((folder / command.FIGURES).read_text())


def test_it_measures_every_rater_at_every_horizon(written: Path) -> None:
    (outcome,) = figures(written)
    assert outcome["truth"] is True
    assert outcome["nodes"] >= 24
    assert outcome["horizons"] == [86_400, 259_200]
    for part in outcome["parts"]:
        assert {(each["rater"], each["horizon"]) for each in part["orderings"]} == {
            (name, horizon) for name in RATERS for horizon in outcome["horizons"]
        }
        assert [each["rater"] for each in part["condemning"]] == list(RATERS)
    assert all(each["sound"] > 0 for each in outcome["parts"][-1]["condemning"])


def test_the_page_shows_the_figures_and_every_plot_is_there(written: Path) -> None:
    text = (written / command.PAGE).read_text()
    shown = set(re.findall(r"\(images/([^)]+)\)", text))
    assert shown == {path.name for path in (written / page.IMAGES).iterdir()}
    correlation = figures(written)[0]["parts"][-1]["orderings"][0]["spearman"]
    assert f"{correlation:.3f}" in text
    for name in shown:
        root = ET.fromstring((written / page.IMAGES / name).read_text())  # noqa: S314  (written by this test)
        assert root.tag.endswith("svg")


def test_the_same_months_give_the_same_bytes(written: Path, tmp_path: Path) -> None:
    assert cli.main([*MONTHS, "--docs", str(tmp_path)]) == 0
    for path in written.rglob("*"):
        if path.is_file() and path.name != "out.json":
            assert (tmp_path / path.relative_to(written)).read_bytes() == path.read_bytes(), path.name


def test_figures_of_another_past_are_kept(written: Path, tmp_path: Path) -> None:
    other = figures(written)
    other[0]["name"] = "another past"
    (tmp_path / command.FIGURES).write_text(json.dumps(other))
    command.write_docs(tmp_path, command.read_figures(written / command.FIGURES))
    assert [each["name"] for each in figures(tmp_path)] == ["another past", "simulated months"]
    assert "## Another past" in (tmp_path / command.PAGE).read_text()


def test_the_json_is_the_figures(written: Path) -> None:
    assert (written / "out.json").read_bytes() == (written / command.FIGURES).read_bytes()


def test_what_it_says_names_the_past_and_the_figures(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["evaluate", "--months", "4", "--nodes", "12", "--horizon", "1d", "--policy", "uptime"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("simulated months: ")
    assert "| 1 d | `uptime` |" in out
    assert "`1.0`" not in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--months", "1"], "days=1: expected 2 to"),
        (["--months", "4", "--nodes", "3"], "nodes=3: expected"),
        (["--months", "4", "--horizon", "soon"], "horizon='soon': expected"),
        (["--months", "4", "--from", "yesterday"], "--from: 'yesterday': expected"),
        (["--months", "4", "--split", "1999-01-01"], "split=1999-01-01"),
        (["--captures", "no-such-folder"], "no-such-folder: no such file or folder"),
        (["--months", "4", "--json", "no-such-folder/out.json"], "no-such-folder"),
    ],
)
def test_what_cannot_be_done_is_said_by_name(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["evaluate", *arguments]) == cli.BAD_USAGE
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--json", "--docs"])
@pytest.mark.parametrize("place", ["missing/out", "file/out", "folder", "figures"])
def test_what_cannot_be_written_is_refused_before_the_evaluation(
    option: str, place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder" / command.PAGE).mkdir(parents=True)
    (tmp_path / "figures" / command.FIGURES).mkdir(parents=True)
    monkeypatch.setattr(Months, "replies", lambda *_: pytest.fail("the evaluation has begun"))
    assert cli.main([*MONTHS, option, str(tmp_path / place)]) == cli.BAD_USAGE
    assert str(tmp_path / place) in capsys.readouterr().err


def test_figures_that_cannot_be_read_are_refused_before_the_evaluation(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / command.FIGURES).write_text("[1]")
    monkeypatch.setattr(Months, "replies", lambda *_: pytest.fail("the evaluation has begun"))
    assert cli.main([*MONTHS, "--docs", str(tmp_path)]) == cli.BAD_USAGE
    assert "expected the figures of an evaluation" in capsys.readouterr().err
    assert (tmp_path / command.FIGURES).read_text() == "[1]"


def test_other_figures_are_refused(tmp_path: Path) -> None:
    (tmp_path / command.FIGURES).write_text('[{"name": "x"}]')
    with pytest.raises(ValueError, match="expected the figures of an evaluation"):
        command.read_figures(tmp_path / command.FIGURES)


def test_each_cycle_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The months are simulated once, for any number of raters and horizons."""
    asked: list[int] = []
    replies = Months.replies

    def counted(self: Months, slot: int) -> Any:
        asked.append(slot)
        return replies(self, slot)

    monkeypatch.setattr(Months, "replies", counted)
    assert cli.main(["evaluate", "--months", "4", "--nodes", "12", "--horizon", "6h,1d"]) == 0
    assert len(asked) == len(set(asked))
