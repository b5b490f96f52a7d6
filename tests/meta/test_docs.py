"""Documents are true: links lead somewhere, examples use what exists, tables are those of the code."""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
import sys
import types
from pathlib import Path

import pytest

import accel
from tests.meta.tree import ROOT, read

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def documents() -> list[Path]:
    """All Markdown files, relative to the root."""
    top = [path for path in ROOT.iterdir() if path.suffix == ".md"]
    below = [
        path
        for folder in ("docs", "cpp", "bindings", "python", "tests", "examples")
        for path in (ROOT / folder).rglob("*.md")
    ]
    return sorted(path.relative_to(ROOT) for path in [*top, *below] if "node_modules" not in path.parts)


def anchors(text: str) -> set[str]:
    """The link targets that the headings of a Markdown text make."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(path: Path, text: str) -> list[str]:
    """Links of a document that lead nowhere in this tree."""
    broken = []
    for link in LINK.findall(FENCE.sub("", text)):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (ROOT / path).parent / name if name else ROOT / path
        if not target.exists() or (
            anchor and target.suffix == ".md" and anchor not in anchors(target.read_text(encoding="utf-8"))
        ):
            broken.append(link)
    return broken


def snippets(language: str) -> list[tuple[str, str]]:
    """(document, code) of all fenced examples in a language."""
    return [(str(path), code) for path in documents() for name, code in FENCE.findall(read(path)) if name == language]


def unknown_attributes(code: str) -> list[str]:
    """Dotted names `accel.…` in Python code that the package does not have."""
    unknown = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Attribute):
            words = ast.unparse(node).split(".")
            if words[0] != "accel" or not all(word.isidentifier() for word in words):
                continue
            value: object = accel
            for word in words[1:]:
                if not hasattr(value, word):
                    unknown.append(".".join(words))
                    break
                value = getattr(value, word)
                if not isinstance(value, types.ModuleType | type):
                    break
    return unknown


@pytest.mark.parametrize("path", documents(), ids=str)
def test_links_lead_somewhere(path: Path) -> None:
    assert not broken_links(path, read(path))


def test_a_broken_link_is_found() -> None:
    text = "[a](no/such.md) [b](README.md#no-such-heading) [c](#here)\n# Here\n"
    assert broken_links(Path("other.md"), text) == ["no/such.md", "README.md#no-such-heading", "#here"]


@pytest.mark.parametrize(("document", "code"), snippets("python"))
def test_python_examples_use_what_exists(document: str, code: str) -> None:
    compile(code, document, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    assert not unknown_attributes(code)


def test_an_unknown_name_in_an_example_is_found() -> None:
    assert unknown_attributes("accel.no_such_function(1)") == ["accel.no_such_function"]


@pytest.mark.parametrize(("document", "code"), snippets("shell"))
def test_shell_examples_use_options_that_exist(document: str, code: str) -> None:
    for line in code.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        if not words or words[0] != "accelctl":
            continue
        command = words[1:3] if words[1] == "nydus" else words[1:2]
        shown = subprocess.run(
            [Path(sys.executable).parent / "accelctl", *command, "--help"], capture_output=True, text=True, check=False
        )
        assert shown.returncode == 0, f"{document}: no command {command}"
        for option in (word.partition("=")[0] for word in words[2:] if word.startswith("--")):
            assert re.search(rf"(?<![\w-]){option}(?![\w-])", shown.stdout), f"{document}: {command} has no {option}"


@pytest.mark.parametrize(("document", "code"), snippets("yaml"))
def test_configuration_examples_load(document: str, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGISTRY_AUTH", "dXNlcjpwYXNzd29yZA==")
    monkeypatch.setenv("WEBHOOK_HEADER", "Bearer a-long-random-text")
    file = tmp_path / f"{Path(document).stem}.yaml"
    file.write_text(code, encoding="utf-8")
    accel.Config.load(file)


def test_readme_names_the_two_setup_commands_and_fits_a_screen_or_two() -> None:
    text = read(Path("README.md"))
    assert "make demo" in text
    assert "make test" in text
    assert len(text.splitlines()) <= 80


def test_every_format_has_a_page_whose_table_is_the_code_s() -> None:
    for info in accel.formats():
        text = read(Path(f"docs/formats/{info.name}.md"))
        rows = dict(re.findall(r"^\| `(\w+)` \| \w+ \| `?([^|`]*)`? \|", text, re.MULTILINE))
        assert {name: default.strip() for name, default in rows.items()} == {
            option.name: option.default for option in info.options
        }


def test_every_decision_is_listed() -> None:
    folder = ROOT / "docs/adr"
    pages = {path.name for path in folder.glob("[0-9]*.md")}
    assert pages == set(LINK.findall((folder / "README.md").read_text(encoding="utf-8")))


def test_errors_page_names_every_error_class() -> None:
    text = read(Path("docs/errors.md"))
    classes = [
        name
        for name in accel.__all__
        if isinstance(value := getattr(accel, name), type) and issubclass(value, accel.Error)
    ]
    assert classes
    assert not [name for name in classes if not re.search(rf"\b{name}\b", text)]
