"""The daemon's configuration: read, checked, and errors that say where the fault is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pydantic import ValidationError

from accel import _yaml
from accel._core import formats
from accel._core.convert import Location
from accel._errors import ConfigError
from accel._options import check_options
from accel._settings import Converter, Driver, Host, Metric, Model, Provider, Queue, Reconciliation, Server

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pydantic_core import ErrorDetails

_SECRET = {"auth", "auth_header"}
_WANTED = {
    "bool": "want true or false",
    "int": "want a whole number",
    "string": "want text",
    "tuple": "want a list",
    "list": "want a list",
    "dict": "want a mapping",
    "path": "want a path",
}


class Config(Model):
    """The configuration of converter and daemon. Make one with `load` or `from_dict`."""

    server: Server = Server()
    metric: Metric = Metric()
    provider: Provider = Provider()
    converter: Converter = Converter()
    queue: Queue = Queue()
    reconciliation: Reconciliation = Reconciliation()

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, environment: Mapping[str, str] | None = None) -> Self:
        """Reads a YAML file.

        Args:
            path: The file.
            environment: What `${NAME}` in values stands for; the process's variables by default.

        Raises:
            ConfigError: naming file, line and key, and what is accepted.
        """
        name = os.fspath(path)
        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
            raise ConfigError(f"{name}: cannot read the configuration: {reason}") from None
        return cls._from_document(_yaml.parse(text, name, os.environ if environment is None else environment))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Checks settings that do not come from a file; the keys are those of the file.

        Raises:
            ConfigError: naming the key, and what is accepted.
        """
        return cls._from_document(_yaml.Document("configuration", data, {}))

    def with_registries(self, locations: Iterable[str], **settings: Any) -> Self:
        """A copy in which `settings` (keys of `provider.source`) hold for the registries of `locations`.

        Raises:
            ConfigError: naming the setting, and what is accepted.
        """
        hosts = dict(self.provider.source)
        for text in locations:
            location = Location.parse(text)
            if location.transport != "registry":
                continue
            host = location.reference.host
            known = hosts[host].model_dump(exclude_unset=True) if host in hosts else {}
            try:
                hosts[host] = Host.model_validate({**known, **settings})
            except ValidationError as error:
                raise _describe(_yaml.Document(host, settings, {}), error) from None
        provider = self.provider.model_copy(update={"source": hosts})
        return self.model_copy(update={"provider": provider})

    def all_drivers(self) -> list[Driver]:
        """The drivers of the converter and of its profiles."""
        return [driver for _, driver in _drivers(self)]

    @classmethod
    def _from_document(cls, document: _yaml.Document) -> Self:
        try:
            config = cls.model_validate({} if document.data is None else document.data)
        except ValidationError as error:
            raise _describe(document, error) from None
        for path, driver in _drivers(config):
            _check_driver(document, path, driver)
        return config


def _describe(document: _yaml.Document, error: ValidationError) -> ConfigError:
    faults = error.errors(include_url=False)
    path, message = _fault(faults[0])
    if len(faults) > 1:
        message += f" (and {len(faults) - 1} more)"
    return document.error(path, message)


def _fault(fault: ErrorDetails) -> tuple[_yaml.Path, str]:
    """Where a fault is and what is wrong there."""
    path: _yaml.Path = fault["loc"]
    context = fault.get("ctx", {})
    if "key" in context:
        path = (*path, context["key"])
    kind = fault["type"]
    message = fault["msg"].removeprefix("Value error, ")
    if kind == "missing":
        message = "the key is required"
    elif wanted := _WANTED.get(kind.partition("_")[0]):
        message = wanted
        if path and path[-1] not in _SECRET and isinstance(fault["input"], str):
            message += f", got {str(fault['input'])!r}"
    return path, message


def _drivers(config: Config) -> Iterator[tuple[_yaml.Path, Driver]]:
    """Every driver with the path of its key."""
    if config.converter.driver:
        yield ("converter", "driver"), config.converter.driver
    for index, profile in enumerate(config.converter.profiles):
        base: _yaml.Path = ("converter", "profiles", index)
        if profile.driver:
            yield (*base, "driver"), profile.driver
        for number, driver in enumerate(profile.drivers):
            yield (*base, "drivers", number), driver


def _check_driver(document: _yaml.Document, path: _yaml.Path, driver: Driver) -> None:
    """Raises ConfigError for an unknown driver and for options it does not take."""
    available = [known.name for known in formats.all_formats()]
    if driver.type not in available:
        accepted = ", ".join(available)
        raise document.error((*path, "type"), f"unknown driver {str(driver.type)!r}; accepted: {accepted}")
    fault = _refusal(driver.type, driver.config)
    if not fault:
        return
    # An option that alone is refused for the same reason has the line of the fault.
    guilty = [key for key, value in driver.config.items() if _refusal(driver.type, {key: value}) == fault]
    raise document.error((*path, "config", *guilty[:1]), fault)


def _refusal(driver: str, options: Mapping[str, str]) -> str:
    """Why `driver` refuses the options; empty when it takes them."""
    try:
        check_options(driver, options)
    except ConfigError as error:
        return str(error)
    return ""
