"""The network that each surface names, and deployments that serve other networks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.domain.network.enrichment import Enrichment, EnrichmentSourceName, SourceState
from server.config.networks import sister_of
from server.edge import Edge
from server.lifecycle import Lifecycle
from server.settings import Settings
from server.surfaces import assemble
from tests.asgi import call
from tests.factories import AT, pnode, snapshot
from tests.fakes import FakeReads, FakeUpdates

SISTERS = ("mainnet-alpha=https://pnodes.example.org", "trynet=https://try.example.org/api")


def app_of(reads: FakeReads) -> Edge:
    settings = Settings(network="trial", sister_deployments=SISTERS[:1])
    return assemble(settings, reads, FakeUpdates(), Lifecycle(), clock=lambda: AT + 10.0)


@pytest.fixture
def app() -> Edge:
    return app_of(FakeReads([snapshot([pnode(1)], network="trial")]))


async def test_graphql_names_the_network_and_links_its_sisters(app: Edge) -> None:
    query = "{ serviceConfig { network sisterDeployments { network url } } snapshot { network } }"
    data = (await call(app, "POST", "/graphql", json={"query": query})).json["data"]
    assert data["serviceConfig"] == {
        "network": "trial",
        "sisterDeployments": [{"network": "mainnet-alpha", "url": "https://pnodes.example.org"}],
    }
    assert data["snapshot"] == {"network": "trial"}


async def test_rest_names_the_network_and_links_its_sisters(app: Edge) -> None:
    body = (await call(app, "GET", "/")).json
    assert body["system_status"]["network"] == "trial"
    assert body["sister_deployments"] == {"mainnet-alpha": "https://pnodes.example.org"}


@pytest.mark.parametrize("reads", [FakeReads(), FakeReads([snapshot([pnode(1)], network="trial")])])
async def test_metrics_name_the_network_also_before_the_first_snapshot(reads: FakeReads) -> None:
    text = (await call(app_of(reads), "GET", "/metrics")).body.decode()
    assert 'pnodes_network_info{network="trial"} 1.0' in text


async def test_metrics_name_the_network_of_the_figures_beside_it() -> None:
    """A store may still have the snapshot of another network."""
    reads = FakeReads([snapshot([pnode(1)], network="former")])
    text = (await call(app_of(reads), "GET", "/metrics")).body.decode()
    assert 'pnodes_network_info{network="former"} 1.0' in text
    assert "trial" not in text


async def test_metrics_have_the_age_and_the_failures_of_each_source() -> None:
    reads = FakeReads([snapshot([pnode(1)])])
    name = EnrichmentSourceName.CREDITS
    state = SourceState(name=name, origin="o", network="devnet", attempted_at=AT, fetched_at=AT - 60, failures=2)
    reads.enriched = Enrichment(sources=(state,))
    text = (await call(app_of(reads), "GET", "/metrics")).body.decode()
    assert 'pnodes_source_age_seconds{source="credits"} 70.0' in text
    assert 'pnodes_source_failures{source="credits"} 2.0' in text


@given(st.text(max_size=80) | st.builds("{}={}".format, st.text(max_size=8), st.text(max_size=40)))
def test_any_text_is_a_sister_with_a_url_or_is_refused(text: str) -> None:
    try:
        network, url = sister_of(text)
    except ValueError:
        return
    assert f"{network}={url}" == text.rstrip("/")
    assert url.startswith(("http://", "https://"))
    assert "@" not in url.partition("://")[2].partition("/")[0]
