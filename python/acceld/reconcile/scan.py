"""One look at registries: which images have no twin, or a stale one. Queues them like events, with low priority."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import accel
from acceld.events import artifact
from acceld.events.event import Event
from acceld.events.skip import SkipRules
from acceld.intake import take_in
from acceld.tasks.model import Admission, SkippedEvent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from acceld.reconcile.pattern import Pattern
    from acceld.reconcile.report import Report
    from acceld.tasks.model import NewTask

SENDER = "reconciliation"
PRIORITY = -100  # what was pushed just now goes first


class Scan:
    """A reconciliation that runs once. What it holds does not grow with the registries."""

    def __init__(
        self,
        config: accel.Config,
        registries: accel.Registries,
        *,
        put: Callable[[NewTask], Admission],
        pause: Callable[[float], None],
        report: Report,
    ) -> None:
        """Uses what it is given.

        Args:
            config: Registries, profiles, and `reconciliation.rate`.
            registries: What they are read with; its token ends the scan.
            put: Queues a task.
            pause: Waits so many seconds; raises Cancelled when the scan is to end.
            report: Is filled meanwhile.
        """
        self._config = config
        self._registries = registries
        self._put = put
        self._pause = pause
        self._report = report
        self._rules = SkipRules.of(config)
        self._next = 0.0  # when the next image may be looked at

    def run(self, pattern: Pattern) -> None:
        """Looks at everything that fits. What cannot be read is in the report and ends nothing.

        Raises:
            Cancelled: it was asked to end.
        """
        for host in pattern.hosts(self._config.provider.source):
            self._report.registries += 1
            for repository in self._repositories(host, pattern):
                self._report.repositories += 1
                for image in self._images(repository, pattern):
                    self._report.images += 1
                    try:
                        self._look(image)
                    except accel.Cancelled:
                        raise
                    except accel.Error as error:
                        self._report.fail(image.reference, error)

    def _repositories(self, host: str, pattern: Pattern) -> Iterator[str]:
        if pattern.repository:
            yield pattern.repository
            return
        try:
            for name in self._registries.repositories(host):
                if pattern.fits_repository(f"{host}/{name}"):
                    yield f"{host}/{name}"
        except accel.Cancelled:
            raise
        except accel.Error as error:
            self._report.fail(host, error)

    def _images(self, repository: str, pattern: Pattern) -> Iterator[accel.TaggedImage]:
        try:
            for image in self._registries.tags(repository):
                if pattern.fits_tag(image.reference.rpartition(":")[2]):
                    yield image
        except accel.Cancelled:
            raise
        except accel.Error as error:
            self._report.fail(repository, error)

    def _look(self, image: accel.TaggedImage) -> None:
        """What has become of one tag."""
        event = Event(SENDER, "", accel.Reference.parse(image.reference), image.digest, priority=PRIORITY)
        if not self._admit(event):
            return
        self._keep_pace()
        found = None if image.digest else self._registries.manifest(image.reference)
        digest = found.digest if found else image.digest
        source = f"{image.reference}@{digest}"
        candidates = accel.candidates(image.reference, config=self._config)
        if any(candidate.conditional for candidate in candidates):
            found = found or self._registries.manifest(source)
            if self._is_other(found):
                return
        try:
            plan = self._registries.choose(source, candidates).plan
        except accel.ConfigError:
            self._report.skip("its size fits no profile (only_if)")
            return
        twins = [self._registries.twin(source, target, plan.platforms) for target in plan.targets if not target.done]
        lacking = [twin for twin in twins if twin.state != "fresh"]
        if not lacking:
            self._report.fresh += 1
            return
        if self._is_other(found or self._registries.manifest(source)):
            return
        missing = any(twin.state == "missing" for twin in lacking)
        self._report.find(image.reference, "missing" if missing else "stale", lacking[0].reason)
        if self._report.dry_run:
            return
        task = self._admit(replace(event, digest=digest))
        if task and self._put(task) is Admission.CREATED:
            self._report.queued += 1
        elif task:
            self._report.joined += 1

    def _admit(self, event: Event) -> NewTask | None:
        """The task for an image, as for one that was pushed; None when it needs none."""
        admitted = take_in(event, self._config, self._rules)
        if isinstance(admitted, SkippedEvent):
            # One reason, however many images it is for.
            self._report.skip(admitted.reason.removeprefix(f"{event.reference}: "))
            return None
        return admitted

    def _is_other(self, found: accel.StoredManifest) -> bool:
        """True, and counted, for what is no image to convert."""
        what = artifact.recognise_bytes(found.raw)
        if what.skip:
            self._report.skip(what.skip)
        return bool(what.skip)

    def _keep_pace(self) -> None:
        """Waits until the next image may be looked at."""
        now = time.monotonic()
        if self._next > now:
            self._pause(self._next - now)
        self._next = max(self._next, now) + 1 / self._config.reconciliation.rate
