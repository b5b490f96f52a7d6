"""The configuration as a settings model: keys, types, defaults and what values are accepted."""

from __future__ import annotations

import base64
import binascii
import difflib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from accel import _templates
from accel._core import oci
from accel._core.convert import CacheRequest
from accel._errors import ConfigError
from accel._profiles import DEFAULT_PROFILE
from accel.units import parse_size

# What a target or cache template may name.
TEMPLATE_FIELDS = ("driver", "host", "repository", "name", "tag")

_CACHE = CacheRequest()  # the defaults
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
# Minute, hour, day of month, month, day of week.
_CRON_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_CRON_PART = re.compile(r"(?:\*|(?P<first>[0-9]{1,2})(?:-(?P<last>[0-9]{1,2}))?)(?:/(?P<step>[0-9]{1,2}))?")
_DURATION = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([smhd]?)\s*")


class Model(BaseModel):
    """Base of all sections: unknown keys are errors, a key without a value counts as absent."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, data: Any) -> Any:
        if isinstance(data, cls):
            return data
        accepted = ", ".join(cls.model_fields)
        if not isinstance(data, Mapping):
            raise PydanticCustomError("mapping", "want a mapping with the keys {accepted}", {"accepted": accepted})
        for key in data:
            if key not in cls.model_fields:
                near = difflib.get_close_matches(str(key), cls.model_fields, n=1)
                context = {
                    "key": str(key),
                    "advice": f"did you mean {near[0]}? " if near else "",
                    "accepted": accepted,
                }
                raise PydanticCustomError("unknown_key", "unknown key; {advice}accepted: {accepted}", context)
        return {key: value for key, value in data.items() if value is not None}


def _split(value: Any) -> Any:
    """`a,b` or a list as a list."""
    if isinstance(value, str):
        return [part for part in (piece.strip() for piece in value.split(",")) if part]
    return value


def _platform(value: str) -> str:
    try:
        return str(oci.Platform.parse(value))
    except ConfigError as error:
        raise ValueError(str(error)) from None


def _existing_file(path: Path) -> Path:
    if not path.is_file():
        raise ValueError(f"no such file: {path}")
    return path


def _template(value: str) -> str:
    _templates.fill(value, dict.fromkeys(TEMPLATE_FIELDS, "x"))
    return value


def _regular_expression(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from None
    return value


def _byte_count(value: Any) -> Any:
    return parse_size(value) if isinstance(value, str) else value


def _duration(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    match = _DURATION.fullmatch(value)
    if not match:
        raise ValueError(f"want a duration such as 30s, 15m, 24h or 7d, got {str(value)!r}")
    return float(match[1]) * _SECONDS[match[2] or "s"]


def _cron(value: str) -> str:
    fields = value.split()
    if len(fields) != len(_CRON_RANGES) or not all(map(_is_cron_field, fields, _CRON_RANGES)):
        raise ValueError(f"want minute, hour, day, month and weekday such as '0 3 * * *', got {str(value)!r}")
    return value


def _is_cron_field(text: str, bounds: tuple[int, int]) -> bool:
    """True for `*`, a number, a range, each perhaps with a step, and lists of them."""
    low, high = bounds
    for part in text.split(","):
        match = _CRON_PART.fullmatch(part)
        if not match or match["step"] == "0":
            return False
        numbers = [int(number) for number in (match["first"], match["last"]) if number]
        if numbers != sorted(numbers) or not all(low <= number <= high for number in numbers):
            return False
    return True


def _file_mode(value: Any) -> Any:
    """Octal digits; a number in the file was read as octal when it began with 0."""
    if isinstance(value, str):
        if not re.fullmatch("0?[0-7]{3}", value):
            raise ValueError(f'want three octal digits such as "660", got {str(value)!r}')
        return int(value, 8)
    return value


def _option_text(value: Any) -> Any:
    """Driver options are text; booleans, numbers and lists are taken for it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list):
        return "\n".join(str(_option_text(item)) for item in value)
    return value


Platforms = Annotated[tuple[Annotated[str, AfterValidator(_platform)], ...], BeforeValidator(_split)]
Names = Annotated[tuple[str, ...], BeforeValidator(_split)]
ExistingFile = Annotated[Path, AfterValidator(_existing_file)]
Template = Annotated[str, AfterValidator(_template)]
RegularExpression = Annotated[str, AfterValidator(_regular_expression)]
ByteCount = Annotated[int, BeforeValidator(_byte_count), Field(ge=0)]
Seconds = Annotated[float, BeforeValidator(_duration), Field(gt=0)]
FileMode = Annotated[int, BeforeValidator(_file_mode), Field(ge=0, le=0o777)]
Cron = Annotated[str, AfterValidator(_cron)]
Priority = Annotated[int, Field(ge=-1000, le=1000)]
OptionText = Annotated[str, BeforeValidator(_option_text)]


class Tls(Model):
    """Certificate and key of the daemon's listener, PEM."""

    cert: ExistingFile
    key: ExistingFile


class Server(Model):
    """Where the daemon listens (`uds` wins over host and port), who may ask, and how much.

    `anonymous_read`: looking at tasks needs no token. `max_body` is in bytes, `rate` in requests a second of one
    address, `body_timeout` what a body may take. `grace` is how long conversions may go on when the daemon is to end.
    """

    name: str = "API"
    host: str = "0.0.0.0"  # noqa: S104 - the default of the service this configuration comes from
    port: int = Field(default=2077, ge=0, le=65535)
    uds: str = ""
    uds_mode: FileMode = 0o660
    tls: Tls | None = None
    token: SecretStr = SecretStr("")
    token_file: ExistingFile | None = None
    anonymous_read: bool = False
    max_body: Annotated[int, BeforeValidator(_byte_count), Field(gt=0)] = 1 << 20
    rate: float | None = Field(default=None, gt=0)
    body_timeout: Seconds = 10.0
    grace: Annotated[float, BeforeValidator(_duration), Field(ge=0)] = 30.0

    @model_validator(mode="after")
    def _one_token(self) -> Self:
        if self.token.get_secret_value() and self.token_file:
            raise ValueError("give token or token_file, not both")
        return self

    def read_token(self) -> str:
        """What clients must present as `Authorization: Bearer`, "" for nothing; the file is read each time."""
        if self.token_file:
            return self.token_file.read_text(encoding="utf-8").strip()
        return self.token.get_secret_value()


class Metric(Model):
    """Whether /metrics is served."""

    enabled: bool = True


class Webhook(Model):
    """What the Authorization header of a registry's webhook must be, and whose pushes are our own."""

    auth_header: SecretStr = SecretStr("")
    auth_header_file: ExistingFile | None = None
    ignore_operators: Names = ()

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.auth_header.get_secret_value() and self.auth_header_file:
            raise ValueError("give auth_header or auth_header_file, not both")
        return self

    def read_auth_header(self) -> str:
        """The expected header; the file is read each time, so a rotated secret is seen."""
        if self.auth_header_file:
            return self.auth_header_file.read_text(encoding="utf-8").strip()
        return self.auth_header.get_secret_value()


class HostLimits(Model):
    """What the daemon asks of one registry: conversions at a time, and starts a minute, evenly spaced."""

    running: int | None = Field(default=None, ge=1)
    per_minute: float | None = Field(default=None, gt=0)


class Host(Model):
    """How one registry is reached."""

    auth: SecretStr = SecretStr("")
    auth_file: ExistingFile | None = None
    insecure: bool = False
    plain_http: bool | None = None
    ca_file: ExistingFile | None = None
    client_cert: ExistingFile | None = None
    client_key: ExistingFile | None = None
    mirrors: Names = ()
    webhook: Webhook = Webhook()
    limits: HostLimits = HostLimits()

    @field_validator("auth")
    @classmethod
    def _base64_pair(cls, value: SecretStr) -> SecretStr:
        _check_auth(value.get_secret_value())
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.auth.get_secret_value() and self.auth_file:
            raise ValueError("give auth or auth_file, not both")
        if (self.client_cert is None) != (self.client_key is None):
            raise ValueError("client_cert and client_key go together")
        _check_auth(self.read_auth())
        return self

    def read_auth(self) -> str:
        """Base64 of user:password, or ""; the file is read each time, so a rotated secret is seen."""
        if self.auth_file:
            return self.auth_file.read_text(encoding="utf-8").strip()
        return self.auth.get_secret_value()


def _check_auth(value: str) -> None:
    try:
        pair = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        pair = b""
    if value and b":" not in pair:
        raise ValueError("want base64 of user:password (what `printf %s user:password | base64 -w0` prints)")


class GcPolicy(Model):
    """When the local store is cleaned; 0 means never."""

    threshold: ByteCount = 0


class Provider(Model):
    """Registries, the working directory and the remote cache."""

    source: dict[str, Host] = {}
    work_dir: Path = Path("/tmp")  # noqa: S108 - the default of the service this configuration comes from
    gcpolicy: GcPolicy = GcPolicy()
    cache_size: int = Field(default=_CACHE.capacity, ge=0)
    cache_version: str = _CACHE.version

    @field_validator("source")
    @classmethod
    def _bare_hosts(cls, hosts: dict[str, Host]) -> dict[str, Host]:
        for host in hosts:
            if not host or "/" in host:
                raise PydanticCustomError(
                    "host", "want a host as in image references, such as registry.example:5000", {"key": host}
                )
        return hosts


class Driver(Model):
    """One target format and its options."""

    type: str
    config: dict[str, OptionText] = {}

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, data: Any) -> Any:
        return {"type": data} if isinstance(data, str) else data

    @field_validator("config", mode="before")
    @classmethod
    def _drop_absent(cls, value: Any) -> Any:
        return {key: item for key, item in value.items() if item is not None} if isinstance(value, Mapping) else value


class Rule(Model):
    """How target and cache tags follow from the source's; the first rule that has a key decides on it."""

    tag_suffix: str = ""
    cache_tag: str = ""

    @field_validator("tag_suffix")
    @classmethod
    def _suffix(cls, value: str) -> str:
        if not oci.is_tag("x" + _templates.fill(value, {"driver": "x"})):
            raise ValueError(
                f"{str(value)!r} cannot end a tag; accepted: letters, digits, '_', '.', '-' and {{driver}}"
            )
        return value

    @field_validator("cache_tag")
    @classmethod
    def _tag(cls, value: str) -> str:
        if value and not oci.is_tag(value):
            raise ValueError(f"{str(value)!r} is no tag; accepted: letters, digits, _ . and -, at most 128")
        return value


class Match(Model):
    """Which sources a profile is for: all conditions that are given must hold."""

    registry: Names = ()
    repository: Names = ()
    tag: Names = ()
    tag_regex: RegularExpression = ""
    platform: Platforms = ()

    def accepts(self, host: str, repository: str, tag: str, platforms: tuple[str, ...]) -> bool:
        """True when a source fits. `platforms` are those that were asked for; none means all."""

        def fits(patterns: tuple[str, ...], text: str) -> bool:
            return not patterns or any(_templates.glob_matches(pattern, text) for pattern in patterns)

        return (
            fits(self.registry, host)
            and fits(self.repository, repository)
            and fits(self.tag, tag)
            and (not self.tag_regex or re.search(self.tag_regex, tag) is not None)
            and (not self.platform or not platforms or not set(platforms).isdisjoint(self.platform))
        )


class OnlyIf(Model):
    """Conditions on the image itself: the sum of its layers' compressed sizes over the wanted platforms, inclusive."""

    min_size: ByteCount | None = None
    max_size: ByteCount | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min_size is not None and self.max_size is not None and self.min_size > self.max_size:
            raise ValueError("min_size is above max_size, so no image fits")
        return self


class Profile(Model):
    """What to make of the sources that match: formats, where they go, and the cache."""

    name: str = ""
    match: Match = Match()
    only_if: OnlyIf | None = None
    priority: Priority = 0
    driver: Driver | None = None
    drivers: tuple[Driver, ...] = ()
    target: Template = ""
    cache: Template = ""

    @model_validator(mode="after")
    def _drivers(self) -> Self:
        if (self.driver is None) == (not self.drivers):
            raise ValueError("give either driver or drivers")
        types = [driver.type for driver in self.all_drivers()]
        if len(types) != len(set(types)):
            raise ValueError(f"each driver once, got {', '.join(types)}")
        if self.target and len(types) > 1 and "driver" not in _templates.fields(self.target):
            raise ValueError("several drivers need {driver} in target")
        if len(types) > 1 and "driver" in _templates.fields(self.cache):
            raise ValueError("several drivers share one cache image; leave {driver} out of cache")
        return self

    def all_drivers(self) -> tuple[Driver, ...]:
        """The drivers, whichever key named them."""
        return (self.driver,) if self.driver else self.drivers


class Converter(Model):
    """What is made of an image, how many at a time, and the memory each may take in the service (0: no limit)."""

    worker: int = Field(default=5, ge=1)
    worker_memory: ByteCount = 0
    harbor_annotation: bool = False
    platforms: Platforms = ()
    driver: Driver | None = None
    rules: tuple[Rule, ...] = ()
    untagged: bool = False
    profiles: tuple[Profile, ...] = ()

    @field_validator("profiles")
    @classmethod
    def _names(cls, profiles: tuple[Profile, ...]) -> tuple[Profile, ...]:
        """Tasks are told apart by the profile's name: each has one, and no other has it."""
        named = [
            profile if profile.name else profile.model_copy(update={"name": f"profiles[{index}]"})
            for index, profile in enumerate(profiles)
        ]
        names = [DEFAULT_PROFILE, *(profile.name for profile in named)]
        for name in names:
            if names.count(name) > 1:
                taken = " (that is what driver and rules are called)" if name == DEFAULT_PROFILE else ""
                raise ValueError(f"two profiles have the name {str(name)!r}{taken}")
        return tuple(named)


class Queue(Model):
    """Where the daemon keeps its tasks, and how long.

    `url` is that of a SQLite file or of a PostgreSQL database; by default a file in `provider.work_dir`.
    """

    url: SecretStr = SecretStr("")
    lease: Seconds = 30.0
    max_attempts: int = Field(default=5, ge=1)
    retention: Seconds = 86400.0


class Reconciliation(Model):
    """When the daemon looks for images that no event told it of, and how many of them it looks at in a second.

    `schedule` has minute, hour, day of month, month and day of week, in UTC; without one it looks only when asked.
    """

    schedule: Cron = ""
    rate: float = Field(default=20.0, gt=0)
