"""YAML as the configuration needs it: every scalar as it was written, every key with its line, no key twice.

Values stay text until the settings model gives them a type, so `1.10` stays a version, `0x1000` stays what the user
wrote, and an environment variable may stand where a number or a boolean is wanted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from accel._errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

Path = tuple[str | int, ...]

_VARIABLE = re.compile(r"\$\$\{|\$\{([^}]*)\}?")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MAX_DEPTH = 32
_MAX_NODES = 100_000  # aliases count each time they are used, so nested ones cannot multiply without end


def key_name(path: Path) -> str:
    """`("converter", "rules", 0, "tag_suffix")` as `converter.rules[0].tag_suffix`."""
    name = ""
    for part in path:
        name += f"[{part}]" if isinstance(part, int) else f".{part}" if name else part
    return name


@dataclass(frozen=True)
class Document:
    """Plain data of one YAML document and where its keys stand."""

    name: str
    data: Any
    lines: Mapping[Path, int]

    def place(self, path: Path) -> str:
        """`config.yaml:12`: the line of the deepest part of `path` that is in the file."""
        for length in range(len(path), -1, -1):
            if line := self.lines.get(path[:length]):
                return f"{self.name}:{line}"
        return self.name

    def error(self, path: Path, message: str) -> ConfigError:
        """A ConfigError that names file, line and key."""
        key = key_name(path)
        return ConfigError(f"{self.place(path)}: {key + ': ' if key else ''}{message}")


def parse(text: str, name: str, environment: Mapping[str, str]) -> Document:
    """Reads one YAML document; `${NAME}` in values is replaced from `environment`, `$${` stands for `${`.

    Raises:
        ConfigError: naming file, line and key: no YAML, a key twice, an unset variable.
    """
    try:
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{name}:{mark.line + 1}" if mark else name
        problem = getattr(error, "problem", None) or str(error).partition("\n")[0]
        raise ConfigError(f"{place}: not valid YAML: {problem}") from None
    reader = _Reader(name, environment)
    return Document(name, None if node is None else reader.read(node, ()), reader.lines)


@dataclass
class _Reader:
    name: str
    environment: Mapping[str, str]
    lines: dict[Path, int] = field(default_factory=dict)
    nodes: int = 0

    def read(self, node: yaml.Node, path: Path) -> Any:
        self.nodes += 1
        if len(path) > _MAX_DEPTH or self.nodes > _MAX_NODES:
            raise self.error(node, path, "the document is nested too deeply or too large")
        self.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self.read_mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(item, (*path, index)) for index, item in enumerate(node.value)]
        return None if node.tag == "tag:yaml.org,2002:null" else self.expand(node, path)

    def read_mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        result: dict[str, Any] = {}
        inherited: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise self.error(key, path, "a key must be a plain word")
            if key.tag == "tag:yaml.org,2002:merge":
                merged = value.value if isinstance(value, yaml.SequenceNode) else [value]
                for source in reversed(merged):
                    if not isinstance(source, yaml.MappingNode):
                        raise self.error(source, path, "<< wants a mapping")
                    inherited |= self.read_mapping(source, path)
                continue
            here = (*path, key.value)
            if key.value in result:
                raise self.error(key, here, f"the key stands twice, first in line {self.lines[here]}")
            self.lines[here] = key.start_mark.line + 1
            result[key.value] = self.read(value, here)
        return inherited | result

    def expand(self, node: yaml.Node, path: Path) -> str:
        def replace(match: re.Match[str]) -> str:
            if match[0] == "$${":
                return "${"
            if not match[0].endswith("}") or not _NAME.fullmatch(match[1]):
                raise self.error(node, path, "${ begins no ${NAME}; write $${ for a literal ${")
            if match[1] not in self.environment:
                raise self.error(node, path, f"environment variable {match[1]} is not set")
            return self.environment[match[1]]

        return _VARIABLE.sub(replace, str(node.value))

    def error(self, node: yaml.Node, path: Path, message: str) -> ConfigError:
        key = key_name(path)
        return ConfigError(f"{self.name}:{node.start_mark.line + 1}: {key + ': ' if key else ''}{message}")
