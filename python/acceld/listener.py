"""Where the daemon listens: TCP or a Unix socket, and its certificate."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import stat
from pathlib import Path

import accel
from acceld.errors import ListenError


class Listener:
    """A bound socket. Close it: that also removes the file of a Unix socket."""

    def __init__(self, config: accel.Config) -> None:
        """Binds where `server` says.

        Raises:
            ListenError: the address is taken or not ours, or something else is at the path.
        """
        settings = config.server
        self._path = Path(settings.uds) if settings.uds else None
        self._inode = 0
        if self._path:
            self.socket = _unix_socket(self._path, settings.uds_mode)
            self._inode = self._path.stat().st_ino
            self.name = f"unix:{self._path}"
        else:
            self.socket = _tcp_socket(settings.host, settings.port)
            host, port = self.socket.getsockname()[:2]
            scheme = "https" if settings.tls else "http"
            self.name = f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"

    def close(self) -> None:
        """Stops listening."""
        self.socket.close()
        with contextlib.suppress(OSError):
            # Another daemon may have put its own socket there meanwhile.
            if self._path and self._path.stat().st_ino == self._inode:
                self._path.unlink()


def _tcp_socket(host: str, port: int) -> socket.socket:
    where = f"{host}:{port} (server.host, server.port)"
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        made = socket.socket(family, kind, protocol)
    except OSError as error:
        raise ListenError(f"cannot listen on {where}: {error.strerror}") from None
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
        made.listen(socket.SOMAXCONN)
    except OSError as error:
        made.close()
        hint = "; another program listens there" if error.errno == 98 else ""
        raise ListenError(f"cannot listen on {where}: {os.strerror(error.errno or 0)}{hint}") from None
    return made


def _unix_socket(path: Path, mode: int) -> socket.socket:
    where = f"{path} (server.uds)"
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise ListenError(f"cannot listen on {where}: there is a file of another kind; remove it")
        if _answers(path):
            raise ListenError(f"cannot listen on {where}: another program listens there")
        path.unlink()  # of a daemon that was killed
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        # Nobody may connect before the mode is what was asked for.
        before = os.umask(0o177)
        try:
            made.bind(str(path))
        finally:
            os.umask(before)
        path.chmod(mode)
        made.listen(socket.SOMAXCONN)
    except OSError as error:
        made.close()
        raise ListenError(f"cannot listen on {where}: {error.strerror or error}") from None
    return made


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(5)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            return False
        except OSError:  # its queue is full, or it is not ours to ask
            return True
    return True


class Certificate:
    """The TLS side of the listener. New handshakes see a new certificate; connections that are open stay."""

    def __init__(self, cert: Path, key: Path) -> None:
        """Reads certificate and key, PEM. Raises ConfigError when they are unreadable or do not fit each other."""
        self.context = _fresh_context()
        self.load(cert, key)

    def load(self, cert: Path, key: Path) -> None:
        """Reads files, others than before or the same. Raises ConfigError; then the old certificate stays."""
        self._cert, self._key = cert, key
        self._seen = self._state()
        try:
            for context in (_fresh_context(), self.context):  # a file that is half written must not get into use
                context.load_cert_chain(cert, key, password=lambda: "")
        except OSError as error:  # ssl.SSLError is one
            raise accel.ConfigError(
                f"server.tls: {cert} and {key} are no certificate with its key, both PEM and the key "
                f"without a password: {error.strerror or error}"
            ) from None

    def changed(self) -> bool:
        """Whether the files are others than those that were read last."""
        return self._state() != self._seen

    def reload(self) -> None:
        """`load` with the files of before."""
        self.load(self._cert, self._key)

    def _state(self) -> object:
        try:
            files = [path.stat() for path in (self._cert, self._key)]
        except OSError:
            return None
        return [(file.st_ino, file.st_size, file.st_mtime_ns) for file in files]


def _fresh_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context
