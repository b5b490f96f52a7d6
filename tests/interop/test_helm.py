"""The Helm chart: helm lints and renders it, Kubernetes' own schemas accept the result, acceld its configuration."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

import accel
from tests.support.peers import peer_program

kubernetes_validate = pytest.importorskip("kubernetes_validate", reason="the schemas of Kubernetes are not installed")

CHART = Path(__file__).parents[2] / "examples/deploy/helm/acceld"
HELM = peer_program("helm", "helm")
OLDEST, NEWEST = "1.25", "1.37"  # kubeVersion of Chart.yaml, and the newest schemas there are
# Kinds of the Prometheus operator, which Kubernetes has no schema for.
OPERATOR_KINDS = {"ServiceMonitor", "PrometheusRule"}

pytestmark = pytest.mark.skipif(not HELM, reason="helm is not built (scripts/peers helm)")

ALL: dict[str, Any] = {
    "replicas": 3,
    "persistence": {"enabled": False},
    "database": {"existingSecret": "acceld-database"},
    "secretFiles": {"existingSecret": "acceld-files"},
    "imagePullSecrets": [{"name": "pull"}],
    "image": {"repository": "registry.example/acceld", "digest": "sha256:" + "0" * 64},
    "tls": True,
    "ingress": {"enabled": True, "host": "acceld.example", "className": "nginx", "tlsSecret": "acceld-tls"},
    "networkPolicy": {"enabled": True, "from": [{"namespaceSelector": {"matchLabels": {"name": "harbor"}}}]},
    "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
    "prometheusRule": {"enabled": True},
    "grafanaDashboard": {"enabled": True},
    "extraEnv": [{"name": "OTEL_EXPORTER_OTLP_ENDPOINT", "value": "http://collector:4318"}],
    "extraEnvFrom": [{"secretRef": {"name": "more"}}],
    "podAnnotations": {"a": "b"},
    "podLabels": {"c": "d"},
    "nodeSelector": {"disk": "ssd"},
    "tolerations": [{"key": "builds", "operator": "Exists"}],
    "priorityClassName": "batch",
}
SETS: dict[str, dict[str, Any]] = {"defaults": {}, "everything": ALL}


def helm(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([HELM, *arguments], capture_output=True, text=True, check=False, timeout=120)


def render(tmp_path: Path, values: dict[str, Any], *, kubernetes: str = NEWEST) -> list[dict[str, Any]]:
    """The documents of a release `test` with these values."""
    file = tmp_path / "values.yaml"
    file.write_text(yaml.safe_dump(values), encoding="utf-8")
    done = helm("template", "test", CHART, "--kube-version", kubernetes, "--values", file)
    assert done.returncode == 0, done.stderr
    return [document for document in yaml.safe_load_all(done.stdout) if document]


def only(documents: list[dict[str, Any]], kind: str, ending: str = "") -> Any:
    (found,) = (one for one in documents if one["kind"] == kind and one["metadata"]["name"].endswith(ending))
    return found


@pytest.mark.parametrize("values", SETS.values(), ids=SETS)
def test_lint_finds_nothing(tmp_path: Path, values: dict[str, Any]) -> None:
    file = tmp_path / "values.yaml"
    file.write_text(yaml.safe_dump(values), encoding="utf-8")
    done = helm("lint", "--strict", "--kube-version", OLDEST, "--values", file, CHART)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("kubernetes", [OLDEST, NEWEST])
@pytest.mark.parametrize("values", SETS.values(), ids=SETS)
def test_kubernetes_schemas_accept_every_document(tmp_path: Path, values: dict[str, Any], kubernetes: str) -> None:
    documents = render(tmp_path, values, kubernetes=kubernetes)
    known = [document for document in documents if document["kind"] not in OPERATOR_KINDS]
    assert {"ConfigMap", "Deployment", "Service", "ServiceAccount"} <= {document["kind"] for document in known}
    for document in known:
        kubernetes_validate.validate(document, kubernetes, strict=True)


def test_the_schemas_refuse_what_is_no_field(tmp_path: Path) -> None:
    deployment = only(render(tmp_path, {}), "Deployment")
    deployment["spec"]["template"]["spec"]["containers"][0]["image_pull_policy"] = "Always"
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(deployment, NEWEST, strict=True)


@pytest.mark.parametrize("values", SETS.values(), ids=SETS)
def test_the_configuration_loads(tmp_path: Path, values: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    secret = tmp_path / "registry-auth"
    secret.write_text("cm9ib3QkYWNjZWw6c2VjcmV0", encoding="utf-8")
    source = {"harbor.example": {"auth_file": str(secret), "webhook": {"auth_header_file": str(secret)}}}
    config = {
        "provider": {"source": source, "work_dir": "/elsewhere"},
        "converter": {"worker": 7, "driver": "estargz", "rules": [{"tag_suffix": "-esgz"}]},
    }
    rendered = only(render(tmp_path, {**values, "config": config}), "ConfigMap", "acceld")["data"]["acceld.yaml"]
    file = tmp_path / "acceld.yaml"
    file.write_text(rendered, encoding="utf-8")
    monkeypatch.setenv("QUEUE_URL", "postgresql://acceld@db/acceld")
    loaded = accel.Config.load(file)
    assert (loaded.server.host, loaded.server.port) == ("0.0.0.0", 2077)
    assert str(loaded.provider.work_dir) == "/var/lib/acceld"
    assert loaded.provider.source["harbor.example"].read_auth() == "cm9ib3QkYWNjZWw6c2VjcmV0"
    assert loaded.converter.worker == 7
    assert bool(loaded.queue.url.get_secret_value()) == ("database" in values)


def test_the_pod_may_do_little_and_has_its_secrets_as_files(tmp_path: Path) -> None:
    pod = only(render(tmp_path, ALL), "Deployment")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }
    writable = {mount["name"] for mount in container["volumeMounts"] if not mount.get("readOnly")}
    assert writable == {"work", "tmp"}
    assert container["image"].endswith("@sha256:" + "0" * 64)
    assert container["readinessProbe"]["httpGet"] == {"path": "/api/v1/ready", "port": "http", "scheme": "HTTPS"}
    assert container["livenessProbe"]["httpGet"]["path"] == "/api/v1/health"


def test_several_replicas_can_be_drained_one_by_one(tmp_path: Path) -> None:
    documents = render(tmp_path, ALL)
    assert only(documents, "PodDisruptionBudget")["spec"]["maxUnavailable"] == 1
    assert only(documents, "Deployment")["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert only(render(tmp_path, {}), "Deployment")["spec"]["strategy"] == {"type": "Recreate"}


def test_alerts_and_dashboard_are_those_of_the_folder_monitoring(tmp_path: Path) -> None:
    documents = render(tmp_path, ALL)
    monitoring = CHART.parents[1] / "monitoring"
    rules = yaml.safe_load((monitoring / "alerts.yaml").read_text(encoding="utf-8"))
    assert only(documents, "PrometheusRule")["spec"] == rules
    dashboard = only(documents, "ConfigMap", "dashboard")["data"]["acceld.json"]
    assert dashboard.strip() == (monitoring / "dashboard.json").read_text(encoding="utf-8").strip()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"replicas": 2}, "replicas above 1 need a PostgreSQL"),
        ({"persistence": {"enabled": False}}, "the queue is a file"),
        ({"replicas": 2, "database": {"existingSecret": "x"}}, "cannot share one volume"),
        ({"ingress": {"enabled": True}}, "ingress.host is the name"),
        ({"replica": 2}, "replica"),
        ({"config": {"converter": "nydus"}}, "converter"),
        ({"terminationGracePeriodSeconds": 10}, "terminationGracePeriodSeconds"),
        ({"image": {"digest": "latest"}}, "digest"),
    ],
)
def test_values_that_cannot_work_are_refused(tmp_path: Path, values: dict[str, Any], message: str) -> None:
    file = tmp_path / "values.yaml"
    file.write_text(yaml.safe_dump(values), encoding="utf-8")
    done = helm("template", "test", CHART, "--kube-version", NEWEST, "--values", file)
    assert done.returncode != 0
    assert message in done.stderr


def test_every_value_is_used(tmp_path: Path) -> None:
    templates = "".join(path.read_text(encoding="utf-8") for path in (CHART / "templates").iterdir())
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    names = [
        f"{name}.{inner}" if name not in {"config", "resources", "affinity"} else name
        for name, value in values.items()
        for inner in (value if isinstance(value, dict) and value else [""])
    ]
    unused = [name for name in names if f".Values.{name.rstrip('.')}" not in templates]
    assert not unused


def test_the_version_is_the_package_s() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    assert chart["appVersion"] == chart["version"] == accel.__version__
