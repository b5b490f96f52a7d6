"""Driver options as users give them: which driver each is for, and the few that are not a format's own."""

from __future__ import annotations

import functools
import json
import posixpath
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from accel._core import formats
from accel._core.convert import BackendSettings
from accel._errors import ConfigError

if TYPE_CHECKING:
    from accel._config import Config

# Option of the image, not of a layer format: every driver takes it.
DOCKER_TO_OCI = "docker2oci"
# A file of the recorder in stargz-snapshotter; read here and handed down as the list of paths in it.
RECORD_FILE = "record_file"
PRIORITIZED_FILES = "prioritized_files"
# Where layers are that are not in a registry. Those who read an image need them too.
BACKEND_TYPE, BACKEND_CONFIG = "backend_type", "backend_config"
WITH_REFERRER = "with_referrer"

_BOOLEANS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


@functools.cache
def available_drivers() -> tuple[str, ...]:
    """Names of the formats of this version."""
    return tuple(format_.name for format_ in formats.all_formats())


def option_text(value: Any) -> str:
    """An option value as text: `True` as `true`, a list as lines."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return "\n".join(option_text(item) for item in value)
    return str(value)


@functools.cache
def _own_options(driver: str) -> frozenset[str]:
    """Names of the options `driver` takes."""
    names = {DOCKER_TO_OCI}
    for format_ in formats.all_formats():
        if format_.name == driver:
            names |= {field.name for field in format_.options}
    return frozenset(names | {RECORD_FILE} if PRIORITIZED_FILES in names else names)


def distribute(drivers: Iterable[str], options: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Options for each driver.

    `driver.key` is for that driver; a plain key is for every driver that has such an option. `{driver: {key: value}}`
    is the nested form of the first.

    Raises:
        ConfigError: for a driver that is not wanted, or a key that none of the drivers has.
    """
    result: dict[str, dict[str, str]] = {driver: {} for driver in drivers}
    for key, value in options.items():
        if isinstance(value, Mapping):
            for inner, inner_value in value.items():
                _addressee(result, key, inner)[inner] = option_text(inner_value)
        elif "." in key:
            driver, _, inner = key.partition(".")
            _addressee(result, driver, inner)[inner] = option_text(value)
        else:
            takers = [driver for driver in result if key in _own_options(driver)]
            # With one driver its own check says what is wrong and what is near.
            if not takers and len(result) > 1:
                raise ConfigError(f"none of the drivers {', '.join(result)} has an option {key!r}")
            for driver in takers or result:
                result[driver].setdefault(key, option_text(value))
    return result


def _addressee(result: dict[str, dict[str, str]], driver: str, key: str) -> dict[str, str]:
    if driver not in result:
        wanted = ", ".join(result)
        raise ConfigError(f"option {driver}.{key} is for driver {driver!r}, which is not asked for; drivers: {wanted}")
    return result[driver]


def backends(
    backend_type: str | None, backend_config: str | Mapping[str, Any] | None, config: Config | None
) -> list[BackendSettings]:
    """The storage backends to read from: the one that is given, else those of all drivers in `config`.

    Raises:
        ConfigError: the type is not known, or its configuration is missing.
    """
    if backend_type is None:
        if backend_config is not None:
            raise ConfigError("backend_config says how to reach a backend; say which kind with backend_type")
        options = [driver.config for driver in config.all_drivers()] if config else []
        named = dict.fromkeys((one.get(BACKEND_TYPE, ""), one.get(BACKEND_CONFIG, "")) for one in options)
        return [BackendSettings(*pair) for pair in named if pair[0]]
    text = backend_config if isinstance(backend_config, str) else json.dumps(backend_config or {})
    driver = next(known.name for known in formats.all_formats() if BACKEND_TYPE in _own_options(known.name))
    check_options(driver, {BACKEND_TYPE: backend_type, BACKEND_CONFIG: text})
    return [BackendSettings(backend_type, text)]


def publishes_referrer(options: Mapping[str, str]) -> bool:
    """True when the options of a planned target make it point to its source as `subject`."""
    return _BOOLEANS.get(options.get(WITH_REFERRER, "false").lower(), False)


def check_options(driver: str, values: Mapping[str, str]) -> None:
    """Raises ConfigError naming the first option that `driver` does not take or whose value is bad."""
    resolve(driver, values)


def resolve(driver: str, values: Mapping[str, str]) -> tuple[dict[str, str], bool]:
    """What the native side gets for `driver`: its checked options, and whether Docker types become OCI ones."""
    native = dict(values)
    own = _own_options(driver)
    docker_to_oci = _boolean(driver, native.pop(DOCKER_TO_OCI, "false"))
    if RECORD_FILE in own and RECORD_FILE in native:
        paths = [native[PRIORITIZED_FILES]] if PRIORITIZED_FILES in native else []
        native[PRIORITIZED_FILES] = "\n".join(paths + read_record_file(native.pop(RECORD_FILE)))
    for format_ in formats.all_formats():
        if format_.name == driver:
            format_.check_options(native)
    return native, docker_to_oci


def _boolean(driver: str, value: str) -> bool:
    if value.lower() not in _BOOLEANS:
        raise ConfigError(f"option {DOCKER_TO_OCI} of driver {driver} is {value!r}; it takes true or false")
    return _BOOLEANS[value.lower()]


def read_record_file(name: str) -> list[str]:
    """Paths of a record file (JSON lines with a member `path`), clean, each once, in order.

    Raises:
        ConfigError: naming file and line. Spec: estargz.md section 12.
    """
    try:
        lines = Path(name).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise ConfigError(f"{RECORD_FILE} {name}: cannot read: {reason}") from None
    paths: dict[str, None] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except ValueError:
            record = None
        path = record.get("path") if isinstance(record, dict) else None
        if not isinstance(path, str) or "\n" in path:
            raise ConfigError(f'{RECORD_FILE} {name}:{number}: want a JSON object such as {{"path": "bin/sh"}}')
        # "#" would begin a comment in the list of paths.
        clean = posixpath.normpath("/" + path).lstrip("/")
        paths["./" + clean if clean.startswith("#") else clean] = None
    return list(paths)
