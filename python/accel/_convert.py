"""Converting: a settled plan goes to the native side, its report comes back as a result."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from accel._check import inspect_report
from accel._core import convert as native
from accel._core import oci
from accel._environment import ProgressCallback, call_hooks, make_environment
from accel._plan import Plan, plan
from accel._results import ConvertResult, Source, Target
from accel._store import make_room

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from accel._config import Config
    from accel._core.base import CancelToken
    from accel._core.convert import DecodeLimits


def convert(
    source: str,
    target: str | None = None,
    *,
    driver: str | Sequence[str] | None = None,
    options: Mapping[str, Any] | None = None,
    platform: str | Sequence[str] | None = None,
    cache: str | None = None,
    verify: bool = False,
    dry_run: bool = False,
    jobs: int | None = None,
    limits: DecodeLimits | None = None,
    config: Config | None = None,
    progress: ProgressCallback | None = None,
    cancel: CancelToken | None = None,
    before_publish: Callable[[], object] | None = None,
) -> ConvertResult:
    """Converts an image into one or several formats in one pass over its layers.

    Args:
        source: An image location: `host/repo:tag`, `oci:DIR:TAG`, `oci-archive:FILE:TAG`, `docker-archive:FILE`.
        target: Where the result goes. With several drivers a template with `{driver}`. Without it the rules of
            `config` decide; without those the tag gets the suffix `-<driver>`.
        driver: One or several formats (see `accel.formats`); by default those of `config`, else estargz.
        options: Driver options. A plain key is for every driver that has it, `driver.key` for that driver.
        platform: `os/arch[/variant]`, one or several; by default those of `config`, else all.
        cache: Remote cache image: layers that it knows are not converted again, and it learns those that are. By
            default that of `config`; "" for none.
        verify: Check each result against the source before its tag is written.
        dry_run: Only say what would be done.
        jobs: Worker threads; all cores by default.
        limits: What a decoder lets a hostile layer do.
        config: Registries, drivers and rules.
        progress: Called with each ProgressEvent, on this thread; see `accel.progress`.
        cancel: Stops the work when cancelled; Ctrl-C does so too.
        before_publish: Called once on this thread when everything is stored and no tag is written yet. When it raises,
            no tag is written and its exception is what comes out.

    Returns:
        What was made of each target. On any error or cancel no tag has been written.

    Raises:
        Error: one of its subclasses; `Cancelled` after `cancel`.
    """
    settled = plan(source, target, driver=driver, options=options, platform=platform, cache=cache, config=config)
    return execute(
        settled,
        verify=verify,
        dry_run=dry_run,
        jobs=jobs,
        limits=limits,
        config=config,
        progress=progress,
        cancel=cancel,
        before_publish=before_publish,
    )


def execute(
    settled: Plan,
    *,
    verify: bool = False,
    dry_run: bool = False,
    jobs: int | None = None,
    limits: DecodeLimits | None = None,
    config: Config | None = None,
    progress: ProgressCallback | None = None,
    cancel: CancelToken | None = None,
    before_publish: Callable[[], object] | None = None,
) -> ConvertResult:
    """Carries out what `accel.plan` settled. Arguments and errors as in `convert`."""
    request = native.ConvertRequest()
    request.source = settled.source
    request.targets = [
        native.TargetRequest(target.driver, dict(target.options), target.location)
        for target in settled.targets
        if not target.done
    ]
    request.platforms = [oci.Platform.parse(name) for name in settled.platforms]
    request.cache = _cache_request(settled.cache, config)
    request.docker_to_oci = settled.docker_to_oci
    request.harbor_annotation = settled.harbor_annotation
    request.verify = verify
    request.dry_run = dry_run
    environment = make_environment(config, jobs, limits)
    with call_hooks(progress, cancel, before_publish) as hooks:
        if not request.targets:
            return _nothing_to_do(settled, inspect_report(settled.source, (), environment, hooks))
        result = ConvertResult.from_report(native.convert(request, environment, hooks))
    if not dry_run:
        result = replace(result, collected=make_room(config))
    return _with_done_targets(settled, result)


def _cache_request(location: str, config: Config | None) -> native.CacheRequest:
    request = native.CacheRequest()
    request.location = location
    if config is not None:
        request.version = config.provider.cache_version
        request.capacity = config.provider.cache_size
    return request


def _nothing_to_do(settled: Plan, report: native.InspectReport) -> ConvertResult:
    """The result when every target is there already; the source was looked at, so it does exist."""
    size = sum(layer.descriptor.size for image in report.images for layer in image.layers)
    source = Source(settled.source, report.root.digest, size)
    targets = tuple(
        Target(
            driver=target.driver,
            reference=target.location,
            digest=report.root.digest,
            media_type=report.root.media_type,
            size=size,
            notes=(target.done,),
            skipped=True,
        )
        for target in settled.targets
    )
    return ConvertResult(source, targets)


def _with_done_targets(settled: Plan, result: ConvertResult) -> ConvertResult:
    """Adds the targets that needed no work, in the order of the plan."""
    made = iter(result.targets)
    source = result.source
    targets = tuple(
        Target(target.driver, target.location, source.digest, "", source.size, notes=(target.done,), skipped=True)
        if target.done
        else next(made)
        for target in settled.targets
    )
    return ConvertResult(source, targets, result.elapsed, result.bytes, result.cache)
