"""The daemon: API, queue and workers of one process, from its start to its orderly end."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
import threading
from typing import TYPE_CHECKING

import uvicorn

import accel
from acceld import logs, systemd
from acceld.app import make_app
from acceld.jobs import make_jobs
from acceld.listener import Certificate, Listener
from acceld.memory import share_heap
from acceld.periodic import Periodic
from acceld.protocol import MAX_CONNECTIONS, Protocol, allow_connections
from acceld.reconcile.job import Reconciler
from acceld.reload import without_fixed
from acceld.tasks.db import open_database
from acceld.tasks.group import GroupCommit
from acceld.tasks.history import History
from acceld.tasks.settings import make_queue, queue_url
from acceld.tracing import open_tracing
from acceld.workers.pool import WorkerPool

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from acceld.limits import Limits

CERTIFICATE_LOOK = 5.0  # seconds between two looks whether the files of the certificate changed
CLOSE_AFTER = 3.0  # seconds that replies have to end once the workers have

_LOGGER = logging.getLogger("acceld")


def run(path: Path, *, log_format: str | None = None, log_level: str = "info") -> None:
    """Runs the daemon until SIGTERM or SIGINT.

    Args:
        path: The configuration.
        log_format: `json`, `text`, or None to decide by what standard error is.
        log_level: The least level that is logged.

    Raises:
        ConfigError: the configuration, its certificate or its database URL cannot be used.
        ListenError: the address is taken.
        QueueError: the task database cannot be used.
    """
    share_heap()
    config = accel.Config.load(path)
    mask = logs.configure(log_level, log_format)
    mask.hide(logs.secrets_of(config))
    allow_connections()
    with contextlib.ExitStack() as stack:
        tls = config.server.tls
        certificate = Certificate(tls.cert, tls.key) if tls else None
        listener = Listener(config)
        stack.callback(listener.close)
        work_dir = config.provider.work_dir
        try:
            work_dir.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise accel.ConfigError(f"provider.work_dir {work_dir}: cannot be made: {error.strerror}") from None
        database = open_database(queue_url(config))
        stack.callback(database.close)
        queue, history = make_queue(config, database), History(database)
        group = GroupCommit(queue)
        stack.callback(group.close)
        tracing = open_tracing()
        stack.callback(tracing.close)
        draining = threading.Event()
        app = make_app(
            config, database=database, queue=queue, group=group, history=history, draining=draining, tracing=tracing
        )
        pool = WorkerPool(queue, history, config, tracing)
        periodic = Periodic(database, make_jobs(app.service))
        stack.callback(periodic.stop)
        periodic.start()
        daemon = Daemon(
            path,
            config=config,
            listener=listener,
            certificate=certificate,
            app=app,
            pool=pool,
            reconciler=Reconciler(config, database, queue, history),
            mask=mask,
        )
        # What was made until now stays: the collector would look at all of it each time, for 50 ms and longer.
        gc.collect()
        gc.freeze()
        asyncio.run(daemon.run(draining))


class Daemon:
    """What signals act upon. Its parts stay the caller's."""

    def __init__(
        self,
        path: Path,
        *,
        config: accel.Config,
        listener: Listener,
        certificate: Certificate | None,
        app: Limits,
        pool: WorkerPool,
        reconciler: Reconciler,
        mask: logs.Mask,
    ) -> None:
        self._path = path
        self._config = config
        self._listener = listener
        self._certificate = certificate
        self._app = app
        self._pool = pool
        self._reconciler = reconciler
        self._mask = mask
        self._stop = asyncio.Event()

    async def run(self, draining: threading.Event) -> None:
        """Serves until a signal ends it; `draining` is set then, at first."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._on_stop, number)
        loop.add_signal_handler(signal.SIGHUP, self._reload)
        http = _Server(self._app, self._certificate.context if self._certificate else None, self._on_ready)
        self._pool.start()
        self._reconciler.start()
        try:
            serving = asyncio.create_task(http.serve([self._listener.socket]))
            helpers = [asyncio.create_task(work) for work in (self._stop.wait(), self._watch_certificate())]
            await asyncio.wait([serving, helpers[0]], return_when=asyncio.FIRST_COMPLETED)
        finally:
            systemd.notify("STOPPING=1")
            self._pool.take_no_more()  # before anybody hears of it: what is sent from now on is for others
            draining.set()
            await loop.run_in_executor(None, self._reconciler.stop)
            await loop.run_in_executor(None, self._pool.stop, self._config.server.grace)
        http.should_exit = True
        await serving
        for helper in helpers:
            helper.cancel()
        _LOGGER.info("ended")

    def _on_ready(self) -> None:
        worker = self._config.converter.worker
        _LOGGER.info("acceld %s listens on %s; %d workers", accel.__version__, self._listener.name, worker)
        systemd.notify("READY=1")

    def _on_stop(self, number: signal.Signals) -> None:
        if not self._stop.is_set():
            _LOGGER.info("%s: no new work; conversions may go on for %g s", number.name, self._config.server.grace)
            self._stop.set()
            return
        _LOGGER.warning("%s again: conversions are stopped and handed back", number.name)
        self._pool.hurry()
        for each in (signal.SIGTERM, signal.SIGINT):  # a third one ends us whatever we do
            signal.signal(each, signal.SIG_DFL)

    def _reload(self) -> None:
        """Reads the configuration and the certificate again; what is wrong with them leaves everything as it was."""
        systemd.reloading()
        try:
            wanted, later = without_fixed(accel.Config.load(self._path), self._config)
            if wanted.server.tls and self._certificate:
                self._certificate.load(wanted.server.tls.cert, wanted.server.tls.key)
            secrets = logs.secrets_of(wanted)
            self._reconciler.reload(wanted)  # the last one that may refuse
            self._mask.hide(secrets)
            self._app.service.reload(wanted)
            self._pool.reload(wanted)
            self._config = wanted
        except (accel.Error, OSError) as error:
            _LOGGER.error("the configuration stays as it was: %s", error)  # noqa: TRY400 - its text says everything
        else:
            _LOGGER.info("the configuration was read again")
            if later:
                _LOGGER.warning("changes of these take effect at the next start: %s", ", ".join(later))
        systemd.notify("READY=1")

    async def _watch_certificate(self) -> None:
        while self._certificate:
            await asyncio.sleep(CERTIFICATE_LOOK)
            if self._certificate.changed():
                try:
                    self._certificate.reload()
                    _LOGGER.info("the certificate was read again")
                except accel.ConfigError as error:
                    _LOGGER.error("the certificate stays as it was: %s", error)  # noqa: TRY400 - as above


class _Server(uvicorn.Server):
    """uvicorn without its own signals and log, and with our TLS."""

    def __init__(self, app: Limits, context: ssl.SSLContext | None, on_ready: Callable[[], None]) -> None:
        settings = uvicorn.Config(
            app,
            http=Protocol,
            limit_concurrency=MAX_CONNECTIONS,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=int(CLOSE_AFTER),
        )
        super().__init__(settings)
        settings.load()
        settings.ssl = context
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Tells when requests are answered."""
        await super().startup(sockets)
        self._on_ready()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """The daemon has its own."""
        yield
