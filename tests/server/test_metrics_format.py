"""A scraper gets the requested version, and the response is valid in that version."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import parser as plain
from prometheus_client.openmetrics import parser as openmetrics

from server.edge import Edge
from server.lifecycle import Lifecycle
from server.metrics import Metrics, Scrape
from server.metrics_format import PLAIN, negotiated
from server.settings import Settings
from server.surfaces import assemble
from server.weights import MAX_ITEMS
from tests.asgi import call
from tests.factories import AT, network
from tests.fakes import FakeReads, FakeUpdates

OPEN = "application/openmetrics-text; version={}; charset=utf-8"
TEXT = "text/plain; version=0.0.4; charset=utf-8"
TEXT_1 = "text/plain; version=1.0.0; charset=utf-8; escaping={}"
# The headers of Prometheus 3.5, 2.50 and 2.20.
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
PROMETHEUS_2_50 = (
    "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
PROMETHEUS_2_20 = "application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"

ASKED = [
    ("", TEXT),
    ("*/*", TEXT),
    ("text/*;q=0.5", TEXT),
    ("text/html,application/xhtml+xml,*/*;q=0.8", TEXT),
    ("text/plain", TEXT),
    ("text/plain;version=0.0.4", TEXT),
    ("text/plain; version=0.0.4; charset=utf-8", TEXT),
    ("TEXT/PLAIN;VERSION=0.0.4", TEXT),
    ('text/plain;version="1.0.0"', TEXT_1.format("underscores")),
    ("text/plain;version=1.0.0;escaping=allow-utf-8", TEXT_1.format("allow-utf-8")),
    ("text/plain;version=1.0.0;escaping=magic", TEXT_1.format("underscores")),
    ("application/openmetrics-text", OPEN.format("1.0.0")),
    ("application/openmetrics-text; version=1.0.0", OPEN.format("1.0.0") + "; escaping=underscores"),
    ("application/openmetrics-text; version=0.0.1", OPEN.format("0.0.1")),
    ("application/openmetrics-text;version=1.0.0;q=0.2,text/plain;version=0.0.4;q=0.9", TEXT),
    ("text/plain;version=0.0.4;q=0,application/openmetrics-text;version=0.0.1;q=0.1", OPEN.format("0.0.1")),
    ("application/openmetrics-text;version=9.9.9", TEXT),
    ("application/openmetrics-text;version=9.9.9,application/openmetrics-text;version=0.0.1", OPEN.format("0.0.1")),
    ("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited", TEXT),
    ("application/json", TEXT),
    (PROMETHEUS_3, OPEN.format("1.0.0") + "; escaping=allow-utf-8"),
    (PROMETHEUS_2_50, OPEN.format("1.0.0") + "; escaping=underscores"),
    (PROMETHEUS_2_20, OPEN.format("0.0.1")),
]


@pytest.mark.parametrize(("accept", "media_type"), ASKED)
def test_the_version_that_is_asked_for(accept: str, media_type: str) -> None:
    assert negotiated(accept).media_type == media_type


@pytest.mark.parametrize("accept", sorted({accept for accept, _ in ASKED}))
def test_what_is_written_can_be_read_in_that_version(accept: str) -> None:
    metrics = Metrics()
    metrics.observe_request(method="GET", route="/pnodes", status=200, seconds=0.01)
    wanted = negotiated(accept)
    scrape = Scrape(network(3), None, store_ok=True, served={("GET", "rest", 200): 2}, sockets=1, now=AT + 1.0)
    text = metrics.render(scrape, wanted.write).decode()
    opened = "openmetrics" in wanted.media_type
    families = list((openmetrics if opened else plain).text_string_to_metric_families(text))
    assert text.endswith("# EOF\n") is opened
    samples = {sample.name: sample.value for family in families for sample in family.samples}
    assert samples["pnodes_http_requests_total"] == 1
    assert samples["pnodes_http_cached_answers_total"] == 2
    assert samples["pnodes_store_up"] == 1


@pytest.mark.parametrize(("process", "labels"), [(None, {None}), (3, {"3"})])
def test_a_process_that_shares_its_port_labels_each_sample_with_its_number(
    process: int | None, labels: set[str | None]
) -> None:
    metrics = Metrics(process)
    metrics.observe_request(method="GET", route="/pnodes", status=200, seconds=0.01)
    scrape = Scrape(network(3), None, store_ok=True, served={("GET", "rest", 200): 2}, sockets=1, now=AT + 1.0)
    for _ in range(2):
        families = list(plain.text_string_to_metric_families(metrics.render(scrape).decode()))
        assert {sample.labels.get("process") for family in families for sample in family.samples} == labels


@given(st.text(st.characters(codec="latin-1"), max_size=200) | st.text('application/openmetrics-text;,version="01.q ='))
def test_any_accept_header_gets_a_format(accept: str) -> None:
    found = negotiated(accept)
    assert found.media_type.isascii()
    assert found.media_type.isprintable()


def test_only_so_many_ranges_are_looked_at() -> None:
    assert negotiated("a/b," * MAX_ITEMS + "application/openmetrics-text") == PLAIN


@pytest.fixture
def app() -> Edge:
    return assemble(Settings(), FakeReads([network(3)]), FakeUpdates(), Lifecycle(), clock=lambda: AT + 10.0)


@pytest.mark.parametrize(("accept", "media_type"), [("", TEXT), (PROMETHEUS_2_50, ASKED[-2][1])])
async def test_the_route_says_what_it_sends(app: Edge, accept: str, media_type: str) -> None:
    reply = await call(app, "GET", "/metrics", headers={"accept": accept})
    assert reply.headers["content-type"] == media_type
    assert "accept" in reply.headers["vary"].lower().replace(" ", "").split(",")
    assert reply.body.endswith(b"# EOF\n") is ("openmetrics" in media_type)
