"""What every test may use: one real Kafka broker for the whole session."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.sandbox.broker import Cluster


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Bootstrap servers of a real broker that starts when the first test asks and stops after the last.

    Tests share it: each makes topics, groups and transactional ids of its own.
    """
    with Cluster(tmp_path_factory.mktemp("broker")) as cluster:
        yield cluster.bootstrap


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A folder's tests run in one process, in their order: they share fixtures that take long to make."""
    for item in items:
        folder = item.path.relative_to(Path(__file__).parent).parts[0]
        item.add_marker(pytest.mark.xdist_group(folder))
