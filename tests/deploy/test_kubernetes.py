"""The manifests: valid for the API, nothing that the restricted pod standard forbids, and true to the program they run."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml  # type: ignore[import-untyped]

from streams.cli import ENTRIES
from streams.settings import PREFIX, Settings
from tests.docs.pages import ROOT
from tests.docs.test_commands import walk

FOLDER = ROOT / "deploy" / "kubernetes"
#: The oldest release that the manifests are for.
VERSION = "1.29"
KUSTOMIZATION: dict[str, Any] = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
MANIFESTS: list[dict[str, Any]] = [
    manifest for name in KUSTOMIZATION["resources"] for manifest in yaml.safe_load_all((FOLDER / name).read_text())
]


def pods() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every pod's name and spec."""
    for manifest in MANIFESTS:
        if manifest["kind"] in {"StatefulSet", "Deployment", "Job"}:
            yield manifest["metadata"]["name"], manifest["spec"]["template"]["spec"]


def containers() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every container with its pod's name, those that run first too."""
    for name, pod in pods():
        for container in (*pod.get("initContainers", []), *pod["containers"]):
            yield name, container


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda m: f"{m['kind']}-{m['metadata']['name']}")
def test_manifests_are_valid(manifest: dict[str, Any]) -> None:
    """Against the API's own schemas, unknown fields refused."""
    kubernetes_validate.validate(manifest, VERSION, strict=True)


def test_an_invalid_manifest_is_noticed() -> None:
    """A field that is mistyped."""
    bad = MANIFESTS[-1] | {"spek": {}}

    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(bad, VERSION, strict=True)


def test_kustomize_puts_them_together() -> None:
    """All of them, in one namespace, with the image's tag."""
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("there is no kubectl on this machine")
    said = subprocess.run([kubectl, "kustomize", str(FOLDER)], capture_output=True, text=True, check=True)
    made = list(yaml.safe_load_all(said.stdout))

    assert len(made) == len(MANIFESTS)
    assert {m["metadata"].get("namespace") for m in made if m["kind"] != "Namespace"} == {"forewarn"}
    assert "image: forewarn:" in said.stdout


def test_pods_run_with_no_more_than_they_need() -> None:
    """No root, no capability, no token, a file system that cannot be written, bounded memory."""
    for name, pod in pods():
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert pod["securityContext"]["runAsUser"] == 10001, name
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert pod["automountServiceAccountToken"] is False, name
    for name, container in containers():
        context = container["securityContext"]
        assert context["capabilities"] == {"drop": ["ALL"]}, name
        assert context["readOnlyRootFilesystem"] is True, name
        assert context["allowPrivilegeEscalation"] is False, name
        assert container["resources"]["limits"]["memory"], name


def test_no_secret_stands_in_a_manifest() -> None:
    """They come from secrets that somebody else makes."""
    assert not [manifest for manifest in MANIFESTS if manifest["kind"] == "Secret"]
    for _, container in containers():
        for variable in container.get("env", []):
            if variable["name"].endswith(("PASSWORD", "USERNAME")):
                assert "secretKeyRef" in variable["valueFrom"]


def test_settings_are_forewarn_s() -> None:
    """An unknown one would end the worker."""
    (config,) = (manifest for manifest in MANIFESTS if manifest["kind"] == "ConfigMap")
    named = set(config["data"]) | {v["name"] for _, container in containers() for v in container.get("env", [])}

    assert named <= {PREFIX + name.upper() for name in Settings.__struct_fields__}


def test_arguments_are_commands() -> None:
    """Each container's arguments are taken by the command line."""
    for _, container in containers():
        if "command" not in container and container["args"][0] in ENTRIES:
            walk(["forewarn", *container["args"]])


def test_workers_have_names_of_their_own_and_probes_that_mean_something() -> None:
    """The pod's name, which a StatefulSet keeps; liveness asks /live, readiness /ready; time enough to stop."""
    for name, pod in pods():
        for container in pod["containers"]:
            if container["args"][0] != "worker":
                continue
            (instance,) = (v for v in container["env"] if v["name"] == "FOREWARN_INSTANCE")
            assert instance["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.name"
            assert container["livenessProbe"]["httpGet"]["path"] == "/live"
            assert container["readinessProbe"]["httpGet"]["path"] == "/ready"
            assert pod["terminationGracePeriodSeconds"] >= 30, name


def test_every_kafka_client_may_speak_to_kafka_only() -> None:
    """All traffic is refused but what a policy names; each pod that is a client has the label that one asks for."""
    policies = {m["metadata"]["name"]: m["spec"] for m in MANIFESTS if m["kind"] == "NetworkPolicy"}
    labels = [m["spec"]["template"]["metadata"]["labels"] for m in MANIFESTS if "template" in m.get("spec", {})]

    assert policies["forewarn-default"]["podSelector"] == {}
    assert set(policies["forewarn-default"]["policyTypes"]) == {"Ingress", "Egress"}
    assert all(each["forewarn/kafka"] == "client" for each in labels)
