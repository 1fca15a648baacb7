"""What the engine's tests share."""

from __future__ import annotations

import uuid

import pytest

from streams.engine import topics_admin
from streams.settings import Settings, load


@pytest.fixture
def own(broker: str) -> Settings:
    """Topics of one's own."""
    settings = load({}, bootstrap=broker, topic_prefix=f"t{uuid.uuid4().hex[:8]}.", partitions=1)
    topics_admin.create(settings)
    return settings
