"""Looking into registries without an image in mind: what is there, what it is, and whether it has been converted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from accel._check import parse_platforms
from accel._core import convert as native_convert
from accel._core import registry as native
from accel._core.convert import Location
from accel._core.oci import Reference
from accel._environment import call_hooks, registry_options
from accel._errors import ConfigError, FormatError, InvalidReference
from accel._options import publishes_referrer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from accel._config import Config
    from accel._core.base import CallHooks, CancelToken
    from accel._plan import Candidate, PlannedTarget

MAX_LISTED = 1_000_000  # names in one list; a registry that has no end is hostile

_LEAST_COUNTED = 10  # of each page: one may well have no tags, but not all of an endless list


@dataclass(frozen=True)
class StoredManifest:
    """A manifest or index as it is stored, whatever it is of: an image, a chart, a signature."""

    reference: str
    digest: str
    media_type: str
    raw: bytes = field(repr=False)


@dataclass(frozen=True)
class TaggedImage:
    """A tag in a repository. `digest` is what it points to, "" where the registry's list does not say."""

    reference: str
    digest: str


@dataclass(frozen=True)
class Twin:
    """What has become of an image: `state` is `missing`, `stale` or `fresh`, `reason` says why it is not fresh."""

    state: str
    reason: str


class Registries:
    """Registries as a configuration reaches them; connections and tokens are kept from call to call. Thread-safe.

    Every method raises RegistryError and its kin for what the registry answers, FormatError for answers that are none,
    and Cancelled.
    """

    def __init__(self, config: Config | None = None, *, cancel: CancelToken | None = None) -> None:
        """`cancel` ends all calls."""
        self._client = native.Client(registry_options(config))
        self._cancel = cancel
        self._harbors: dict[str, bool] = {}

    def repositories(self, host: str) -> Iterator[str]:
        """Names of a registry's repositories, without the host, a page at a time.

        Of Harbor those in the projects that our account sees; elsewhere the registry's catalog, which not every
        registry shows.
        """
        client = self._client
        if not self._is_harbor(host):
            yield from self._names(host, lambda after, hooks: client.list_repositories(host, "", after, hooks))
            return
        for project in self._names(host, lambda after, hooks: client.list_projects(host, after, hooks)):

            def list_of(after: str, hooks: CallHooks, project: str = project) -> native.NamePage:
                return client.list_repositories(host, project, after, hooks)

            yield from self._names(f"{host}/{project}", list_of)

    def tags(self, repository: str) -> Iterator[TaggedImage]:
        """The tags of `host/repository`, a page at a time.

        Raises:
            InvalidReference: `repository` is none.
        """
        reference = Reference.parse(repository)
        harbor = self._is_harbor(reference.host)
        after, count = "", 0
        while True:
            with call_hooks(None, self._cancel) as hooks:
                page = self._client.list_tags(reference, harbor, after, hooks)
            for entry in page.tags:
                yield TaggedImage(f"{reference.name}:{entry.tag}", entry.digest)
            count, after = _counted(reference.name, count, len(page.tags)), page.next
            if not after:
                return

    def manifest(self, reference: str) -> StoredManifest:
        """The manifest or index that a reference names, digest verified.

        Raises:
            InvalidReference: `reference` is none.
            NotFound: there is none.
        """
        named = Reference.parse(reference)
        with call_hooks(None, self._cancel) as hooks:
            found = self._client.get_manifest(named, hooks)
        descriptor = found.descriptor
        return StoredManifest(str(named), descriptor.digest, descriptor.media_type, found.bytes)

    def twin(self, source: str, target: PlannedTarget, platforms: Sequence[str] = ()) -> Twin:
        """Whether a planned target is there and belongs to the source as it is now. Reads manifests only.

        A target that records no source digest (of any format but nydus, without `harbor_annotation`) is judged by its
        config. One of the option `with_referrer` also counts without its tag, when it points to the source.

        Args:
            source: A reference with the digest that its tag names now.
            target: One target of a plan for it.
            platforms: Those of the plan.

        Raises:
            InvalidReference: the source has no digest, or the target is in no registry.
        """
        named = Reference.parse(source)
        where = Location.parse(target.location)
        if not named.digest or where.transport != "registry":
            raise InvalidReference(f"{source} and {target.location}: want a digest, and a target in a registry")
        by_subject = publishes_referrer(target.options)
        wanted = parse_platforms(platforms)
        with call_hooks(None, self._cancel) as hooks:
            found = native_convert.find_twin(self._client, named, where.reference, wanted, by_subject, hooks)
        return Twin(found.state, found.reason)

    def choose(self, source: str, candidates: Sequence[Candidate]) -> Candidate:
        """The first of the candidates for an image that its size allows; reads the image when one asks for its size.

        Raises:
            ConfigError: none does.
        """
        sizes: dict[tuple[str, ...], int] = {}
        refusals = []
        for candidate in candidates:
            if not candidate.conditional:
                return candidate
            platforms = candidate.plan.platforms
            if platforms not in sizes:
                with call_hooks(None, self._cancel) as hooks:
                    wanted = parse_platforms(platforms)
                    sizes[platforms] = native_convert.image_size(self._client, Reference.parse(source), wanted, hooks)
            refusal = candidate.refusal(sizes[platforms])
            if not refusal:
                return candidate
            refusals.append(f"{candidate.profile}: {refusal}")
        raise ConfigError(f"{source}: no profile of the configuration is for it ({', '.join(refusals)})")

    def _is_harbor(self, host: str) -> bool:
        if host not in self._harbors:
            with call_hooks(None, self._cancel) as hooks:
                self._harbors[host] = self._client.is_harbor(host, hooks)
        return self._harbors[host]

    def _names(self, where: str, list_page: Callable[[str, CallHooks], native.NamePage]) -> Iterator[str]:
        after, count = "", 0
        while True:
            with call_hooks(None, self._cancel) as hooks:
                page = list_page(after, hooks)
            yield from page.names
            count, after = _counted(where, count, len(page.names)), page.next
            if not after:
                return


def _counted(where: str, before: int, more: int) -> int:
    more = max(more, _LEAST_COUNTED)
    if before + more > MAX_LISTED:
        raise FormatError(f"{where}: a list of more than {MAX_LISTED} names; no registry has so many")
    return before + more
