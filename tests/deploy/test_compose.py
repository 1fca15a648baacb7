"""The compose file: valid, true to the program and to the files beside it, nothing published beyond this machine."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from compose_spec import PyCompose

from streams.cli import ENTRIES
from streams.settings import PREFIX, Settings
from tests.docs.pages import ROOT
from tests.docs.test_commands import walk
from tests.telemetry.promql import ALERTS

FOLDER = ROOT / "deploy"
#: With each variable's default in its place, as `docker compose` puts it.
TEXT = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", (FOLDER / "compose.yml").read_text())
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service.get("image") == "forewarn"}


def test_it_is_a_compose_file() -> None:
    """By the Compose specification, with its volumes defined."""
    compose = PyCompose.from_yaml(yaml.safe_dump(COMPOSE))
    compose.validate()

    assert {"kafka-1", "worker-1", "console", "prometheus", "alertmanager", "grafana"} <= set(compose.services or {})


def test_a_mistake_is_noticed() -> None:
    """A field that does not exist, a port that is none."""
    for wrong in ("imagine: c", "ports: [nonsense]"):
        with pytest.raises(ValueError, match=r"services\.a"):
            PyCompose.from_yaml(f"services: {{a: {{image: b, {wrong}}}}}")


def test_volumes_and_dependencies_are_defined() -> None:
    """Named volumes and the services that others wait for."""
    mounts = [volume.partition(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])]
    awaited = {name for service in SERVICES.values() for name in service.get("depends_on", {})}

    assert {name for name in mounts if not name.startswith("./")} == set(COMPOSE["volumes"])
    assert awaited <= set(SERVICES)


def test_settings_and_commands_are_forewarn_s() -> None:
    """An unknown one would end the container at once."""
    for name, service in OURS.items():
        assert set(service["environment"]) <= {PREFIX + field.upper() for field in Settings.__struct_fields__}, name
        words = service.get("command", ["worker"])
        if words[0] in ENTRIES:
            walk(["forewarn", *words])


def test_workers_have_names_of_their_own() -> None:
    """Two with one name would end each other."""
    names = [service["environment"]["FOREWARN_INSTANCE"] for service in OURS.values()]

    assert len(names) == len(set(names))


def test_mounted_files_exist() -> None:
    """Those of this folder."""
    mounts = [volume for service in SERVICES.values() for volume in service.get("volumes", [])]
    files = [mount.partition(":")[0] for mount in mounts if mount.startswith("./")]

    assert len(files) >= 6
    assert [name for name in files if not (FOLDER / name).exists()] == []


def test_nothing_is_published_beyond_this_machine() -> None:
    """Each port is bound to loopback."""
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]

    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_prometheus_scrapes_the_workers_and_tells_the_alertmanager() -> None:
    """Targets are services; what Alertmanager inhibits are alerts that exist."""
    config = yaml.safe_load((FOLDER / "prometheus/prometheus.yml").read_text())
    targets = config["scrape_configs"][0]["static_configs"][0]["targets"]
    (manager,) = config["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"]
    rules = yaml.safe_load((FOLDER / "prometheus/alertmanager.yml").read_text())["inhibit_rules"]
    alerts = {rule["alert"] for rule in ALERTS}

    assert {target.partition(":")[0] for target in targets} == {name for name in OURS if name.startswith("worker")}
    assert manager.partition(":")[0] in SERVICES
    (named,) = rules[0]["target_matchers"]
    assert {f"Forewarn{name}" for name in re.findall(r"\w+(?=[|)])", named)} <= alerts
