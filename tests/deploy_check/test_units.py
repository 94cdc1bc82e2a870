"""The units, checked by systemd, and the rules, checked by Prometheus with the metrics of a running API."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.processes import REPOSITORY, fetch, free_port, module, wait_until

ANALYZE = shutil.which("systemd-analyze")
PROMTOOL = shutil.which("promtool")
needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="systemd is not installed")
needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed (the package prometheus)")
MONITORING = REPOSITORY / "deploy" / "monitoring"
MAX_EXPOSURE = 2.0
SERVICES = ["pnodes-api@.service", "pnodes-worker.service", "pnodes-backup.service"]


def run(*command: str, **options: Any) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The units of an installation, with its folder instead of /opt/pnodes, so that their commands exist."""
    root = tmp_path_factory.mktemp("root")
    script = str(REPOSITORY / "deploy" / "vps" / "install.sh")
    assert run("/bin/sh", script, env={"PATH": os.environ["PATH"], "DESTDIR": str(root)}).returncode == 0
    python = root / "opt/pnodes/venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\n", encoding="utf-8")
    python.chmod(0o755)
    units = root / "etc/systemd/system"
    for unit in units.iterdir():
        text = unit.read_text(encoding="utf-8")
        for folder in ("/opt/pnodes", "/etc/pnodes"):
            text = text.replace(folder, f"{root}{folder}")
        unit.write_text(text, encoding="utf-8")
    return units


@needs_systemd
def test_systemd_finds_nothing_wrong_with_the_units(installed: Path) -> None:
    names = [str(each) for each in sorted(installed.iterdir()) if "@" not in each.name]
    instance = installed / "pnodes-api@8001.service"
    shutil.copy(installed / "pnodes-api@.service", instance)
    ran = run(str(ANALYZE), "verify", "--man=no", "--recursive-errors=no", *names, str(instance))
    instance.unlink()
    ours = [line for line in ran.stderr.splitlines() if "pnodes" in line]
    assert (ran.returncode, ours) == (0, [])


@needs_systemd
@pytest.mark.parametrize("unit", SERVICES)
def test_the_exposure_of_each_unit_is_low(installed: Path, unit: str, record_property: Any) -> None:
    ran = run(str(ANALYZE), "security", "--offline=yes", str(installed / unit))
    (exposure,) = re.findall(r"Overall exposure level for \S+: ([\d.]+)", ran.stdout)
    record_property("exposure", exposure)
    assert float(exposure) <= MAX_EXPOSURE


@pytest.fixture(scope="module")
def metrics(tmp_path_factory: pytest.TempPathFactory, mongo_uri: str, redis_url: str) -> Iterator[str]:
    """`/metrics` of a whole deployment on a simulated network."""
    folder, port = tmp_path_factory.mktemp("up"), free_port()
    env = {
        "PATH": os.environ["PATH"],
        "MONGO_URI": mongo_uri,
        "REDIS_URL": redis_url,
        "MONGO_DB": f"metrics-{port}",
        "CACHE_TTL": "5",
        "PORT": str(port),
    }
    url = f"http://127.0.0.1:{port}"
    with module(
        "jobs", "up", "--simulate", "30", "--data-dir", str(folder / "data"), log=folder / "log", env=env
    ) as up:
        wait_until(lambda: fetch(f"{url}/health/ready")[0] == 200, "the API is ready")
        for path in ("/pnodes", "/pnodes", "/network/health", "/nowhere"):
            fetch(url + path)
        wait_until(lambda: b"pnodes_job_age_seconds{" in fetch(f"{url}/metrics")[1], "roll-up has succeeded")
        yield fetch(f"{url}/metrics")[1].decode()
        assert up.stop() == 0


@needs_promtool
def test_the_rules_can_be_read_and_raise_what_they_are_for() -> None:
    for command in (("check", "rules", "rules.yml"), ("test", "rules", "rules.test.yml")):
        ran = run(str(PROMTOOL), *command, cwd=MONITORING)
        assert ran.returncode == 0, ran.stdout + ran.stderr


@needs_promtool
def test_the_metrics_of_a_running_api_can_be_read(metrics: str) -> None:
    ran = run(str(PROMTOOL), "check", "metrics", input=metrics)
    assert "error while linting" not in ran.stderr, ran.stderr
    assert ran.returncode in {0, 3}, ran.stderr  # 3: advice about names


def expressions() -> list[str]:
    dashboard = json.loads((MONITORING / "grafana.json").read_text(encoding="utf-8"))
    rules = re.findall(r"expr: (?:\|\n\s+)?(.+)", (MONITORING / "rules.yml").read_text(encoding="utf-8"))
    return [*rules, *(target["expr"] for panel in dashboard["panels"] for target in panel["targets"])]


def test_every_metric_of_rules_and_dashboard_is_one_of_a_running_api(metrics: str) -> None:
    used = {name for each in expressions() for name in re.findall(r"\b(?:pnodes|process)_[a-z_]+", each)}
    # A counter without labels appears with its first event.
    late = {"pnodes_task_ends_total", "pnodes_collector_faults_total"}
    there = set(re.findall(r"^([a-z_]+)", metrics, re.MULTILINE))
    declared = set(re.findall(r"^# TYPE ([a-z_]+)", metrics, re.MULTILINE))
    assert len(used) >= 15
    assert sorted(used - there - late) == []
    assert {name for name in late if name not in declared and name.removesuffix("_total") not in declared} == set()
