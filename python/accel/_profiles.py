"""Which profiles of the configuration are for a source, and which images are results of our own.

Spec: service.md sections 1 and 2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from accel import _rules, _templates
from accel._core.convert import Location
from accel._errors import ConfigError

if TYPE_CHECKING:
    from accel._config import Config
    from accel._settings import Profile

# What `converter.driver` with `converter.rules` is called among the profiles.
DEFAULT_PROFILE = "default"

CACHE_NOTE = "the tag is the configuration's cache tag"


def matching(source: Location, platforms: tuple[str, ...], config: Config) -> list[Profile | None]:
    """Profiles that match, in the file's order up to the first without `only_if`; None stands for `driver` and `rules`.

    Raises:
        ConfigError: none does; says which were tried.
    """
    profiles = config.converter.profiles
    if not profiles or source.transport != "registry":
        return [None]
    reference = source.reference
    tag = _rules.source_tag(source)
    found: list[Profile | None] = []
    for profile in profiles:
        if profile.match.accepts(reference.host, reference.repository, tag, platforms):
            found.append(profile)
            if profile.only_if is None:
                return found
    if config.converter.driver is not None:
        return [*found, None]
    if not found:
        tried = ", ".join(profile.name for profile in profiles)
        raise ConfigError(f"{source}: no profile of the configuration matches (tried {tried}), and there is no driver")
    return found


def size_refusal(profile: Profile | None, size: int) -> str:
    """Why a profile is not for an image whose layers have `size` compressed bytes; "" when it is."""
    limits = profile.only_if if profile else None
    if limits is None:
        return ""
    if limits.min_size is not None and size < limits.min_size:
        return f"its {size} bytes are below min_size {limits.min_size}"
    if limits.max_size is not None and size > limits.max_size:
        return f"its {size} bytes are above max_size {limits.max_size}"
    return ""


def made_here(source: str, config: Config) -> str:
    """Why an image in a registry looks like a result or a cache image of this configuration; "" when it does not.

    Decided by its name alone: any profile, rule or default suffix could have made it.

    Raises:
        InvalidReference: `source` is no image location.
    """
    where = Location.parse(source)
    if where.transport != "registry" or not where.reference.tag:
        return ""
    if where.reference.tag == _rules.cache_tag(config.converter.rules):
        return CACHE_NOTE
    for profile in (*config.converter.profiles, None):
        if profile and profile.cache and _rules.is_made_by(where, profile.all_drivers()[0].type, profile.cache):
            return CACHE_NOTE
        drivers = profile.all_drivers() if profile else (config.converter.driver,)
        for driver in drivers:
            if driver and (note := _result_note(where, driver.type, profile, config)):
                return note
    return ""


def _result_note(where: Location, driver: str, profile: Profile | None, config: Config) -> str:
    if profile and profile.target:
        return _rules.template_note(profile.target) if _rules.is_made_by(where, driver, profile.target) else ""
    suffixes = [rule.tag_suffix for rule in config.converter.rules if rule.tag_suffix] or [_rules.DEFAULT_SUFFIX]
    suffix = _templates.fill(suffixes[0], {"driver": driver})
    return _rules.suffix_note(suffix) if where.reference.tag.endswith(suffix) else ""
