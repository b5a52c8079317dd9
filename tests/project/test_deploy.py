"""What `coverplan deploy` prints: rules and panels that ask for numbers that exist, manifests that Kubernetes takes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import jsonschema_rs
import promql_parser as promql
import pytest
import yaml
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from coverplan import __version__
from coverplan.deploy import Document, text_of
from coverplan.metrics import API, WORKER, together
from coverplan.settings import Settings
from support.command import call
from support.service import in_process

ROOT = Path(__file__).parents[2]
SCHEMAS: dict[str, Any] = json.loads((Path(__file__).parent / "kubernetes_1_37.json").read_text())
"""Of Kubernetes 1.37 (Apache-2.0): the kinds used here, without descriptions; fields beside are errors."""
MANIFESTS: list[dict[str, Any]] = list(yaml.safe_load_all(text_of("kubernetes")))
DEPLOYMENTS = [one for one in MANIFESTS if one["kind"] == "Deployment"]
WORKLOADS = [one for one in MANIFESTS if one["kind"] in ("Deployment", "Job")]
RULES: list[dict[str, Any]] = yaml.safe_load(text_of("alerts"))["groups"][0]["rules"]
DASHBOARD: dict[str, Any] = json.loads(text_of("dashboard"))
PANELS: list[dict[str, Any]] = DASHBOARD["panels"]
FROM_PROMETHEUS = {"job", "instance", "le"}
"""Labels that Prometheus adds, and that of buckets."""
SETTLE_S = 10
"""What a process takes to end beside what running calls get."""


def expressions() -> Iterator[tuple[str, str]]:
    """Every query, with the name of its place."""
    for rule in RULES:
        yield rule["alert"], rule["expr"]
    for panel in PANELS:
        for target in panel["targets"]:
            yield panel["title"], target["expr"].replace("$__rate_interval", "5m")


EXPRESSIONS = list(expressions())


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """Samples that a service and a worker show, with their labels: of those without a value yet, as declared."""
    folder = tmp_path_factory.mktemp("metrics")
    with in_process(f"sqlite:///{folder / 'coverplan.db'}", folder) as client:
        text = client.request("GET", "/metrics").text
    found = {sample.name: set(sample.labels) for one in text_string_to_metric_families(text) for sample in one.samples}
    for registry in (API, WORKER):
        found |= _declared(together(registry))
    return found


def _declared(registry: CollectorRegistry) -> dict[str, set[str]]:
    """Names with suffixes, as they will be once there is a value."""
    found = {}
    for family, metric in _families(registry):
        labels = set(getattr(metric, "_labelnames", ()))
        suffixes = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum"), "info": ("_info",)}
        for suffix in suffixes.get(family.type, ("",)):
            values = {name for sample in family.samples for name in sample.labels}
            found[family.name + suffix] = labels | values | ({"le"} if suffix == "_bucket" else set())
    return found


def _families(registry: CollectorRegistry) -> Iterator[tuple[Any, Any]]:
    for collector in list(registry._collector_to_names):
        if isinstance(collector, CollectorRegistry):
            yield from _families(collector)
        else:
            yield from ((family, collector) for family in collector.collect())


@pytest.mark.parametrize(("place", "expression"), EXPRESSIONS, ids=[place for place, _ in EXPRESSIONS])
def test_queries_ask_for_numbers_that_exist(place: str, expression: str, shown: dict[str, set[str]]) -> None:
    """Each is sound PromQL; each name is a sample of a service or a worker, each label one of that sample."""
    selectors = list(_selectors(promql.parse(expression)))

    assert selectors, place
    for selector in selectors:
        name = selector.name or ""
        assert name in shown
        labels = {matcher.name for matcher in selector.matchers.matchers}
        assert labels <= shown[name] | FROM_PROMETHEUS, place
    known = set().union(*(shown[selector.name or ""] for selector in selectors)) | FROM_PROMETHEUS
    for grouping in re.findall(r"\bby \(([^)]*)\)", expression):
        assert {name.strip() for name in grouping.split(",")} <= known


def _selectors(node: Any) -> Iterator[promql.VectorSelector]:
    """All selectors of an expression."""
    if isinstance(node, promql.VectorSelector):
        yield node
        return
    for name in ("expr", "lhs", "rhs", "vector_selector"):
        if (inner := getattr(node, name, None)) is not None:
            yield from _selectors(inner)
    for argument in getattr(node, "args", None) or ():
        yield from _selectors(argument)


def test_every_alert_says_what_to_look_at() -> None:
    assert len({rule["alert"] for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert rule["annotations"]["summary"].endswith(".")


def test_panels_lie_beside_each_other() -> None:
    """None covers another, all have an id of their own and the dashboard's source of data."""
    cells = [
        (x, y)
        for panel in PANELS
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]

    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    assert {target["datasource"]["uid"] for panel in PANELS for target in panel["targets"]} == {"${source}"}


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda one: f"{one['kind']} {one['metadata']['name']}")
def test_kubernetes_takes_the_manifests(manifest: dict[str, Any]) -> None:
    """By its own schemas, which know each field."""
    name = SCHEMAS["kinds"][manifest["kind"]]
    schema = {"$ref": f"#/definitions/{name}", "definitions": SCHEMAS["definitions"]}

    assert [error.message for error in jsonschema_rs.validator_for(schema).iter_errors(manifest)] == []


def test_the_schemas_refuse_what_kubernetes_does_not_know() -> None:
    wrong = {"apiVersion": "v1", "kind": "Service", "spec": {"ports": [{"port": 80, "targtPort": 1}]}}
    schema = {"$ref": "#/definitions/api.core.v1.Service", "definitions": SCHEMAS["definitions"]}

    assert ["targtPort" in error.message for error in jsonschema_rs.validator_for(schema).iter_errors(wrong)] == [True]


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda one: one["metadata"]["name"])
def test_pods_may_do_no_more_than_they_need(workload: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """No root, nothing to write but the work folder and /tmp, limited memory; settings and commands that exist."""
    pod = workload["spec"]["template"]["spec"]
    [container] = pod["containers"]

    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["automountServiceAccountToken"] is False
    assert container["image"] == f"coverplan:{__version__}"
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert {"memory"} <= set(container["resources"]["limits"])
    assert {volume["name"] for volume in pod["volumes"] if volume["emptyDir"]["sizeLimit"]} == {"work", "tmp"}
    assert {mount["mountPath"] for mount in container["volumeMounts"]} == {"/scratch", "/tmp"}

    settings = _settings(container, monkeypatch)
    assert str(settings.work_dir) == "/scratch"
    assert settings.data_dir.is_relative_to("/scratch")
    assert settings.require_keys == "always"
    command, *options = container["args"]
    told = call(command, "--help").stdout
    assert all(option in told for option in options if option.startswith("--"))


@pytest.mark.parametrize("workload", DEPLOYMENTS, ids=lambda one: one["metadata"]["name"])
def test_pods_get_the_time_that_a_service_takes_to_stop(
    workload: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it waits before it is asked, what running calls get, and a while for its processes to end."""
    pod = workload["spec"]["template"]["spec"]
    [container] = pod["containers"]
    pause = container.get("lifecycle", {}).get("preStop", {}).get("exec", {}).get("command", ["sleep", "0"])

    needed = int(pause[1]) + _settings(container, monkeypatch).shutdown_s + SETTLE_S
    assert pod["terminationGracePeriodSeconds"] >= needed


def test_the_children_of_all_slots_fit_into_a_pod(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slots x memory of a child; what the process itself takes comes on top."""
    for workload in DEPLOYMENTS:
        [container] = workload["spec"]["template"]["spec"]["containers"]
        settings = _settings(container, monkeypatch)
        options = container["args"]
        slots = int(options[options.index("--slots") + 1]) if "--slots" in options else settings.slots
        most = int(container["resources"]["limits"]["memory"].removesuffix("Gi")) * 1024
        assert slots * settings.memory_limit_mb + 512 <= most


def test_selectors_and_ports_meet_the_pods() -> None:
    """Services, budgets and probes find what they are for."""
    pods = {one["metadata"]["name"]: one["spec"]["template"] for one in DEPLOYMENTS}
    labels = {name: pod["metadata"]["labels"] for name, pod in pods.items()}
    chosen = [one["spec"]["selector"] for one in MANIFESTS if one["kind"] == "Service"]
    chosen += [one["spec"]["selector"]["matchLabels"] for one in MANIFESTS if one["kind"] == "PodDisruptionBudget"]

    assert {one["metadata"]["name"] for one in MANIFESTS if one["kind"] == "PodDisruptionBudget"} == set(pods)
    for selector in chosen:
        assert sum(selector.items() <= found.items() for found in labels.values()) == 1
    for one in DEPLOYMENTS:
        assert one["spec"]["selector"]["matchLabels"] == labels[one["metadata"]["name"]]
    probes = {"coverplan-api": {"/healthz", "/readyz"}, "coverplan-worker": {"/metrics"}}
    for name, pod in pods.items():
        [container] = pod["spec"]["containers"]
        found = [value["httpGet"] for key, value in container.items() if key.endswith("Probe")]
        assert {probe["path"] for probe in found} == probes[name]
        assert {probe["port"] for probe in found} == {port["name"] for port in container["ports"]}


@pytest.mark.parametrize("document", get_args(Document))
def test_the_command_prints_the_file(document: Document) -> None:
    done = call("deploy", document)

    assert done.returncode == 0
    assert done.stdout == text_of(document)


def _settings(container: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Those of a container; every variable of ours is a setting."""
    [common] = (one["data"] for one in MANIFESTS if one["kind"] == "ConfigMap")
    environment = common | {one["name"]: one["value"] for one in container.get("env", [])}
    ours = {name for name in environment if name.startswith("COVERPLAN_")}
    assert ours <= {f"COVERPLAN_{name.upper()}" for name in Settings.model_fields}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return Settings()
