"""The examples do what they say."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

import accel
from tests.python.support.images import sample_image, sample_index
from tests.python.support.layout import Layout

EXAMPLES = Path(__file__).parents[2] / "examples"
# Those with a test of their own, and what they import.
TESTED = {"acceld.yaml", "check_in_ci.py", "convert_one.py", "demo.py", "many_formats.py", "quickstart.ipynb"}
IMPORTED = {"sample_image.py"}


def run(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, EXAMPLES / name, *arguments], capture_output=True, text=True, check=False, timeout=300
    )


def test_every_example_is_tested() -> None:
    assert {path.name for path in EXAMPLES.iterdir() if path.is_file()} == TESTED | IMPORTED


def test_convert_one(layout: Layout) -> None:
    source, target = sample_image(layout), layout.location("converted")
    done = run("convert_one.py", source, target)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == f"{target}@{accel.open(target).digest}"
    assert len(lines) == 1 + len(accel.open(source).layers)
    assert accel.check(source, target).equal


def test_convert_one_fails_in_one_line(layout: Layout) -> None:
    sample_image(layout)
    done = run("convert_one.py", layout.location("absent"), layout.location("x"))
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("error: ")


def test_many_formats(layout: Layout, tmp_path: Path) -> None:
    sources = [sample_image(layout), sample_index(layout)]
    done = run("many_formats.py", *sources, str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    for number, source in enumerate(sources):
        for known in accel.formats():
            target = f"oci:{tmp_path}/out:image{number}-{known.name}"
            assert target in done.stdout
            assert accel.check(source, target).equal


def test_check_in_ci(layout: Layout) -> None:
    source = sample_image(layout)
    (made,) = accel.convert(source, driver="estargz").targets
    done = run("check_in_ci.py", source, made.reference)
    assert (done.returncode, json.loads(done.stdout)["equal"]) == (0, True)
    empty = layout.tag(layout.add_image([layout.add_layer([])]), "empty")
    assert run("check_in_ci.py", source, empty).returncode == 3
    assert run("check_in_ci.py", source, layout.location("absent")).returncode == 1


def test_demo_compares_every_format() -> None:
    done = run("demo.py")
    assert done.returncode == 0, done.stdout + done.stderr
    for known in accel.formats():
        assert known.name in done.stdout


def test_configuration_loads_and_plans() -> None:
    environment = {"REGISTRY_AUTH": "dXNlcjpwYXNz", "WEBHOOK_HEADER": "Bearer x"}
    config = accel.Config.load(EXAMPLES / "acceld.yaml", environment=environment)
    big, other_size = accel.candidates("registry.example:5000/shop/cart/api:v1.2", config=config)
    assert (big.profile, big.conditional, big.priority, other_size.profile) == ("releases", True, 5, "default")
    release = big.plan
    assert [target.location for target in release.targets] == [
        "registry.example:5000/fast/shop/cart/api:v1.2-estargz",
        "registry.example:5000/fast/shop/cart/api:v1.2-zstdchunked",
    ]
    nightly = accel.plan("localhost:5000/a:nightly-1", config=config)
    assert ([target.driver for target in nightly.targets], nightly.platforms) == (["zstdchunked"], ("linux/amd64",))
    other = accel.plan("localhost:5000/a:1", config=config)
    assert [target.location for target in other.targets] == ["localhost:5000/a:1-estargz"]


# nbclient's kernel manager and IPython say things about themselves that are not ours to mend.
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::RuntimeWarning", "ignore::ResourceWarning")
def test_quickstart_notebook() -> None:
    notebook = nbformat.read(EXAMPLES / "quickstart.ipynb", as_version=4)  # type: ignore[no-untyped-call]
    client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(EXAMPLES)}})
    client.execute()
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    outputs: list[list[Any]] = [cell.outputs for cell in cells]
    html = "".join(output.get("data", {}).get("text/html", "") for cell in outputs for output in cell)
    assert "<progress" in html, "auto() shows bars in a notebook"
    assert "converted in" in html
    assert "equal: " in html
    text = "".join(output.get("text", "") for cell in outputs for output in cell)
    assert "[True, True]" in text
    assert "No such file or directory" in text


def test_notebook_is_kept_without_outputs() -> None:
    notebook = json.loads((EXAMPLES / "quickstart.ipynb").read_text(encoding="utf-8"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
