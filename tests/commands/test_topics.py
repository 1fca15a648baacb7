"""`forewarn topics` on the real broker."""

import json
import uuid

import pytest

from streams.commands.topics import policy
from streams.settings import Settings
from streams.topics import TOPICS
from tests.commands.conftest import PARTITIONS, Run


def test_create_makes_them_all_once(run: Run) -> None:
    """The second time there is nothing to do."""
    prefix = f"{uuid.uuid4().hex[:8]}."
    environ = {"FOREWARN_TOPIC_PREFIX": prefix, "FOREWARN_PARTITIONS": "1"}
    first = run("topics", "create", "--json", **environ)
    second = run("topics", "create", **environ)

    assert json.loads(first.stdout) == {"created": [prefix + topic.name for topic in TOPICS], "existed": 0}
    assert second.stdout.startswith(f"0 topics created, {len(TOPICS)} existed, at 127.0.0.1:")


def test_describe_shows_each_as_the_cluster_has_it(run: Run, settings: Settings) -> None:
    """Name, direction, partitions, replicas, policy and purpose."""
    rows = json.loads(run("topics", "describe", "--json").stdout)
    by_name = {row["topic"].removeprefix(settings.topic_prefix): row for row in rows}

    assert list(by_name) == [topic.name for topic in TOPICS]
    assert by_name["loans"] | {"purpose": "", "topic": ""} == {
        "topic": "",
        "exists": True,
        "direction": "in",
        "partitions": PARTITIONS,
        "replication": 1,
        "policy": "7 days",
        "purpose": "",
    }
    assert (by_name["state"]["policy"], by_name["journal"]["policy"]) == ("newest per key", "for ever")


def test_describe_as_a_table(run: Run, settings: Settings) -> None:
    """One line a topic under a head, none cut off."""
    lines = run("topics", "describe").stdout.splitlines()

    assert lines[0].split() == ["topic", "direction", "partitions", "replication", "policy", "purpose"]
    assert [line.split()[0] for line in lines[1:]] == [settings.topic_prefix + topic.name for topic in TOPICS]
    assert all(line.rstrip().endswith(topic.purpose) for line, topic in zip(lines[1:], TOPICS, strict=True))


def test_describe_where_nothing_is(run: Run) -> None:
    """It says what makes them."""
    said = run("topics", "describe", FOREWARN_TOPIC_PREFIX="nothing.here.")

    assert f"{len(TOPICS)} topics do not exist: `forewarn topics create` makes them." in said.stderr
    assert said.stdout.count("none") == 2 * len(TOPICS)


def test_check_is_content_with_what_create_made(run: Run) -> None:
    """Exit code 0, one line."""
    said = run("topics", "check")

    assert (said.exit_code, said.stdout.count("\n")) == (0, 1)
    assert json.loads(run("topics", "check", "--json").stdout) == {"ok": True, "problems": []}


def test_check_says_what_is_wrong(run: Run) -> None:
    """Exit code 1, a sentence for each problem."""
    said = run("topics", "check", FOREWARN_TOPIC_PREFIX="nothing.here.")
    as_json = run("topics", "check", "--json", FOREWARN_TOPIC_PREFIX="nothing.here.")

    assert said.exit_code == as_json.exit_code == 1
    assert "Topic nothing.here.journal does not exist.\n" in said.stdout
    assert json.loads(as_json.stdout) == {"ok": False, "problems": said.stdout.splitlines()}


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"cleanup.policy": "compact"}, "newest per key"),
        ({"retention.ms": "-1"}, "for ever"),
        ({"retention.ms": "604800000", "cleanup.policy": "delete"}, "7 days"),
        ({"retention.ms": "5400000"}, "5,400,000 ms"),
    ],
    ids=["compacted", "kept", "days", "odd"],
)
def test_policy_in_words(config: dict[str, str], words: str) -> None:
    """How long Kafka keeps it."""
    assert policy(config) == words
