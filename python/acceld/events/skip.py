"""Which pushes need no work, as far as the event alone tells; `artifact.py` decides on the manifest later.

Spec: service.md sections 2 and 13.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import accel
from acceld.events.artifact import NOT_IMAGES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from acceld.events.event import Event

# cosign's names for what belongs to an image, and the tag under which referrers are listed where there is no API.
_COMPANION_TAG = re.compile(r"sha256-[0-9a-f]{64}(?:\.(sig|att|sbom))?")
_COMPANIONS = {"sig": "a signature", "att": "an attestation", "sbom": "an SBOM", None: "a list of referrers"}

# Harbor's prefix for robot accounts. A person's account may push images as well, so only a robot's is taken as ours.
_ROBOT = "robot$"


@dataclass(frozen=True)
class SkipRules:
    """What the configuration says about pushes that are our own or not wanted.

    Attributes:
        config: The configuration.
        operators: Host → accounts whose pushes are our own.
    """

    config: accel.Config
    operators: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, config: accel.Config) -> SkipRules:
        """The rules of a configuration."""
        operators = {}
        for host, settings in config.provider.source.items():
            user = base64.b64decode(settings.read_auth()).decode("utf-8", "replace").partition(":")[0]
            ours = {user} if user.startswith(_ROBOT) else set()
            operators[host] = frozenset(ours | set(settings.webhook.ignore_operators))
        return cls(config, operators)

    def reason(self, event: Event) -> str:
        """Why the event needs no work; "" when it may. What a person asked for is never skipped."""
        if event.asked:
            return ""
        reference = event.reference
        if event.operator and event.operator in self.operators.get(reference.host, ()):
            return f"pushed by {event.operator}, which is this service's own account"
        if match := _COMPANION_TAG.fullmatch(reference.tag):
            return f"the tag {reference.tag[:19]}… is that of {_COMPANIONS[match[1]]}"
        if what := NOT_IMAGES.get(event.media_type):
            return f"{what}, not an image"
        if not reference.tag and not self.config.converter.untagged:
            return "pushed without a tag: one platform of an index, or an image without a name (converter.untagged)"
        return accel.made_here(str(reference), self.config)
