"""Where the converted image goes when the user does not say: tag suffixes, templates, cache tags.

Spec: service.md section 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from accel import _templates
from accel._core import oci
from accel._errors import ConfigError, InvalidReference

if TYPE_CHECKING:
    from collections.abc import Iterable

    from accel._core.convert import Location
    from accel._settings import Rule

DEFAULT_SUFFIX = "-{driver}"


@dataclass(frozen=True)
class Destination:
    """Where one target goes, or why there is nothing to do."""

    location: str
    done: str = ""


def source_tag(source: Location) -> str:
    """The tag a target's name is made from. A source that is named by digest alone must never touch `latest…`."""
    if source.transport != "registry":
        return source.tag or "latest"
    reference = source.reference
    if reference.tag:
        return reference.tag
    return reference.digest.replace(":", "-") if reference.digest else "latest"


def with_tag(source: Location, tag: str) -> str:
    """The place of `source` under another tag.

    Raises:
        InvalidReference: the tag is too long or holds other characters than a registry takes.
        ConfigError: an archive, which holds what it holds.
    """
    if len(tag) > oci.MAX_TAG_LENGTH:
        raise InvalidReference(
            f"{source}: the target tag {tag} has {len(tag)} characters, a tag may have {oci.MAX_TAG_LENGTH}; "
            "give the target, or a shorter suffix"
        )
    if not oci.is_tag(tag):
        raise InvalidReference(f"{source}: the target tag {tag!r} has characters no registry takes; give the target")
    if source.transport == "registry":
        return f"{source.reference.name}:{tag}"
    if source.transport == "oci":
        return f"oci:{source.path}:{tag}"
    raise ConfigError(f"{source}: nothing can be added to an archive; give the target")


def by_suffix(source: Location, driver: str, suffix: str) -> Destination:
    """The source's tag with a suffix; nothing to do when it already has it."""
    suffix = _templates.fill(suffix, {"driver": driver})
    tag = source_tag(source)
    if tag.endswith(suffix):
        return Destination(str(source), suffix_note(suffix))
    return Destination(with_tag(source, tag + suffix))


def suffix_note(suffix: str) -> str:
    """Why an image whose tag has the suffix needs no work."""
    return f"the tag already ends with {suffix}, so the image is taken as converted"


def template_note(template: str) -> str:
    """Why an image that a template makes needs no work."""
    return f"it is what the template {template} makes, so the image is taken as converted"


def by_template(source: Location, driver: str, template: str) -> Destination:
    """A profile's template filled in; nothing to do when the source is what the template makes."""
    if is_made_by(source, driver, template):
        return Destination(str(source), template_note(template))
    return Destination(fill_template(source, driver, template))


def is_made_by(source: Location, driver: str, template: str) -> bool:
    """True when `source` looks like a result of `template`. A template that any image fits says nothing."""
    if source.transport != "registry" or not source.reference.tag:
        return False
    anything = {"driver": driver, "host": "*", "repository": "**", "name": "*", "tag": "*"}
    pattern = _templates.fill(template, anything)
    if ":" not in pattern.rpartition("/")[2]:
        pattern += ":latest"
    if pattern == "*/**:*":
        return False
    return _templates.glob_matches(pattern, f"{source.reference.name}:{source.reference.tag}")


def fill_template(source: Location, driver: str, template: str) -> str:
    """The reference that a template gives; fields as in _settings.TEMPLATE_FIELDS.

    Raises:
        ConfigError: the source is in no registry.
        InvalidReference: the result is no reference, or its tag is too long.
    """
    if source.transport != "registry":
        raise ConfigError(f"{source}: a target template is for registries; give the target")
    reference = source.reference
    values = {
        "driver": driver,
        "host": reference.host,
        "repository": reference.repository,
        "name": reference.repository.rpartition("/")[2],
        "tag": source_tag(source),
    }
    target = _templates.fill(template, values)
    tag = target.rpartition("/")[2].partition(":")[2]
    if len(tag) > oci.MAX_TAG_LENGTH:
        raise InvalidReference(
            f"{source}: the target {target} has a tag of {len(tag)} characters, a tag may have {oci.MAX_TAG_LENGTH}"
        )
    return str(oci.Reference.parse(target))


def by_rules(source: Location, driver: str, rules: Iterable[Rule]) -> Destination:
    """The first rule with a tag suffix decides.

    Raises:
        ConfigError: no rule has one; says which were tried.
    """
    tried = []
    for rule in rules:
        if rule.tag_suffix:
            return by_suffix(source, driver, rule.tag_suffix)
        tried.append(f"cache_tag: {rule.cache_tag}" if rule.cache_tag else "an empty rule")
    detail = f"tried {', '.join(tried)}" if tried else "there are no rules"
    raise ConfigError(
        f"{source}: no rule of the configuration gives a target ({detail}); "
        "add a rule with tag_suffix, or give the target"
    )


def cache_tag(rules: Iterable[Rule]) -> str:
    """The tag of the remote cache image; "" when no rule names one."""
    return next((rule.cache_tag for rule in rules if rule.cache_tag), "")
