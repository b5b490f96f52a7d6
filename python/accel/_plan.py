"""What a conversion will do, settled before anything is read: drivers, options, targets, platforms.

Spec: service.md sections 1 and 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from accel import _options, _profiles, _rules, _templates
from accel._check import inspect_report
from accel._core import oci
from accel._core.convert import Location, parse_cache_location, parse_target_location
from accel._environment import call_hooks, make_environment
from accel._errors import ConfigError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from accel._config import Config
    from accel._settings import Driver, Profile

DEFAULT_DRIVER = "estargz"


@dataclass(frozen=True)
class PlannedTarget:
    """One format and where its image goes. `done` says why there is nothing to do; empty when there is."""

    driver: str
    options: Mapping[str, str]
    location: str
    done: str = ""


@dataclass(frozen=True)
class Plan:
    """A conversion that is settled; `accel.execute` carries it out."""

    source: str
    targets: tuple[PlannedTarget, ...]
    platforms: tuple[str, ...] = ()
    docker_to_oci: bool = False
    harbor_annotation: bool = False
    cache: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Candidate:
    """What one profile of the configuration would make of a source.

    Attributes:
        profile: Its name; `default` stands for `converter.driver` and `converter.rules`.
        plan: The conversion.
        priority: Among waiting tasks; higher ones go first.
        conditional: Whether the size of the image decides.
    """

    profile: str
    plan: Plan
    priority: int
    conditional: bool
    _settings: Profile | None = None

    def refusal(self, size: int) -> str:
        """Why the profile is not for an image whose layers have `size` compressed bytes; "" when it is."""
        return _profiles.size_refusal(self._settings, size)


def candidates(source: str, *, platform: str | Sequence[str] | None = None, config: Config) -> tuple[Candidate, ...]:
    """What the configuration would make of a source. Reads no image.

    Args:
        source: An image location.
        platform: `os/arch[/variant]`, one or several; by default those of `config`, else all.
        config: Drivers, rules and profiles.

    Returns:
        The profiles that match, in the file's order: the first one that the size of the image allows decides. Only the
        last can be without a condition on the size.

    Raises:
        InvalidReference: `source` is no image location, or a tag gets too long.
        ConfigError: no profile and no rule is for it; says which were tried.
    """
    where = Location.parse(source)
    platforms = tuple(str(oci.Platform.parse(text)) for text in _as_list(platform))
    found = []
    for profile in _profiles.matching(where, platforms, config):
        settings = _Settings.of(where, profile, platforms, config)
        found.append(
            Candidate(
                profile=profile.name if profile else _profiles.DEFAULT_PROFILE,
                plan=_make_plan(where, None, [], {}, cache=None, settings=settings),
                priority=profile.priority if profile else 0,
                conditional=profile is not None and profile.only_if is not None,
                _settings=profile,
            )
        )
    return tuple(found)


def plan(
    source: str,
    target: str | None = None,
    *,
    driver: str | Sequence[str] | None = None,
    options: Mapping[str, Any] | None = None,
    platform: str | Sequence[str] | None = None,
    cache: str | None = None,
    config: Config | None = None,
) -> Plan:
    """Settles what `convert` with the same arguments would do.

    Reads no image, unless a profile of `config` has a condition on its size.

    Args:
        source: An image location.
        target: Where the result goes. With several drivers a template with `{driver}`. Without it the rules of
            `config` decide; without those the tag gets the suffix `-<driver>`.
        driver: One or several formats; by default those of `config`, else estargz.
        options: Driver options. A plain key is for every driver that has it, `driver.key` for that driver.
        platform: `os/arch[/variant]`, one or several; by default those of `config`, else all.
        cache: Remote cache image; by default that of `config`, "" for none.
        config: Settings; the first of its profiles that matches the source decides, else its `driver` and `rules`.

    Raises:
        InvalidReference: `source` or a target is no image location, or a tag gets too long.
        ConfigError: drivers, options or rules that do not fit.
        UnsupportedError: a driver that this version does not have.
    """
    where = Location.parse(source)
    wanted_platforms = tuple(str(oci.Platform.parse(text)) for text in _as_list(platform))
    profile = _choose_profile(where, wanted_platforms, config) if config else None
    settings = _Settings.of(where, profile, wanted_platforms, config)
    return _make_plan(where, target, _as_list(driver), options or {}, cache=cache, settings=settings)


def _make_plan(
    where: Location,
    target: str | None,
    named: list[str],
    options: Mapping[str, Any],
    *,
    cache: str | None,
    settings: _Settings,
) -> Plan:
    drivers = _choose_drivers(named, settings)
    distributed = _options.distribute([name for name, _ in drivers], options)
    targets = []
    docker_to_oci = False
    for name, base in drivers:
        native, to_oci = _options.resolve(name, {**base, **distributed[name]})
        docker_to_oci |= to_oci
        place = _destination(where, target, name, settings, several=len(drivers) > 1)
        targets.append(PlannedTarget(name, native, place.location, place.done))
    _check_targets(where, targets)
    remembered = str(parse_cache_location(cache)) if cache else settings.cache if cache is None else ""
    _check_cache(remembered, where, targets)
    return Plan(
        source=str(where),
        targets=tuple(targets),
        platforms=settings.platforms,
        docker_to_oci=docker_to_oci,
        harbor_annotation=settings.config is not None and settings.config.converter.harbor_annotation,
        cache=remembered,
        notes=settings.notes,
    )


def _choose_profile(source: Location, platforms: tuple[str, ...], config: Config) -> Profile | None:
    """The first matching profile that the image's size allows."""
    found = _profiles.matching(source, platforms, config)
    size = None
    tried = []
    for profile in found:
        if profile is None or profile.only_if is None:
            return profile
        if size is None:
            size = _image_size(source, _Settings.of(source, profile, platforms, config))
        refusal = _profiles.size_refusal(profile, size)
        if not refusal:
            return profile
        tried.append(f"{profile.name}: {refusal}")
    raise ConfigError(
        f"{source}: no profile of the configuration is for it ({', '.join(tried)}), and there is no driver"
    )


def _image_size(source: Location, settings: _Settings) -> int:
    """Compressed bytes of the layers of the wanted platforms."""
    environment = make_environment(settings.config, None, None)
    with call_hooks(None, None) as hooks:
        platforms = [oci.Platform.parse(name) for name in settings.platforms]
        report = inspect_report(str(source), platforms, environment, hooks)
    return sum(layer.descriptor.size for image in report.images for layer in image.layers)


def _as_list(value: str | Sequence[str] | None) -> list[str]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else list(value)


@dataclass(frozen=True)
class _Settings:
    """What the configuration says about one source."""

    config: Config | None
    profile: Profile | None
    drivers: tuple[Driver, ...]
    platforms: tuple[str, ...]
    cache_tag: str
    cache: str  # location of the cache image
    notes: tuple[str, ...]

    @classmethod
    def of(
        cls, source: Location, profile: Profile | None, platforms: tuple[str, ...], config: Config | None
    ) -> _Settings:
        if config is None:
            return cls(None, None, (), platforms, "", "", ())
        converter = config.converter
        drivers = profile.all_drivers() if profile else (converter.driver,) if converter.driver else ()
        restricted = profile.match.platform if profile else ()
        chosen = platforms or restricted or converter.platforms
        if restricted:
            chosen = tuple(name for name in chosen if name in restricted)
        cache_tag = _rules.cache_tag(converter.rules)
        cache, notes = _configured_cache(source, profile, cache_tag)
        return cls(config, profile, drivers, chosen, cache_tag, cache, notes)


def _configured_cache(source: Location, profile: Profile | None, cache_tag: str) -> tuple[str, tuple[str, ...]]:
    """The location of the cache image that the configuration names, "" for none, and what the user should know."""
    if not cache_tag and not (profile and profile.cache):
        return "", ()
    if source.transport != "registry":
        return "", ("the configuration's cache image is for sources in registries; this one is converted without",)
    if profile and profile.cache:
        return _rules.fill_template(source, profile.all_drivers()[0].type, profile.cache), ()
    return _rules.with_tag(source, cache_tag), ()


def _choose_drivers(named: list[str], settings: _Settings) -> list[tuple[str, Mapping[str, str]]]:
    """Drivers with their options from the configuration. A named one replaces those of the configuration."""
    configured = {driver.type: driver.config for driver in settings.drivers}
    names = named or list(configured) or [DEFAULT_DRIVER]
    if len(names) != len(set(names)):
        raise ConfigError(f"each driver once, got {', '.join(names)}")
    available = _options.available_drivers()
    for name in names:
        if name not in available:
            raise UnsupportedError(f"this version has no driver {name!r}; its drivers are {', '.join(available)}")
    return [(name, configured.get(name, {})) for name in names]


def _destination(
    source: Location, target: str | None, driver: str, settings: _Settings, *, several: bool
) -> _rules.Destination:
    if target is not None:
        return _given_target(target, driver, several=several)
    if settings.cache_tag and source.transport == "registry" and source.reference.tag == settings.cache_tag:
        return _rules.Destination(str(source), _profiles.CACHE_NOTE)
    if settings.profile and settings.profile.target:
        return _rules.by_template(source, driver, settings.profile.target)
    if settings.config and settings.config.converter.rules:
        return _rules.by_rules(source, driver, settings.config.converter.rules)
    return _rules.by_suffix(source, driver, _rules.DEFAULT_SUFFIX)


def _given_target(target: str, driver: str, *, several: bool) -> _rules.Destination:
    if several and "driver" not in _templates.fields(target):
        raise ConfigError(f"target {target}: several drivers need {{driver}} in the target")
    try:
        text = _templates.fill(target, {"driver": driver})
    except ValueError as error:
        raise ConfigError(f"target {target}: {error}") from None
    return _rules.Destination(str(parse_target_location(text)))


def _check_targets(source: Location, targets: Sequence[PlannedTarget]) -> None:
    places: dict[str, str] = {}
    for target in targets:
        if target.done:
            continue
        if target.location == str(source):
            raise ConfigError(f"target {target.location} is the source; it would be overwritten")
        if target.location in places:
            raise ConfigError(
                f"drivers {places[target.location]} and {target.driver} would both write {target.location}; "
                "use {driver} in target, template or tag_suffix"
            )
        places[target.location] = target.driver


def _check_cache(cache: str, source: Location, targets: Sequence[PlannedTarget]) -> None:
    places = {target.location for target in targets if not target.done}
    if cache and places and cache in {str(source), *places}:
        raise ConfigError(f"cache {cache} is the source or a target of the conversion; give the cache a tag of its own")
