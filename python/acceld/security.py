"""Who may do what: webhooks by their registry's header, everything else by the token. Spec: service.md section 8."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    import accel


class Guard:
    """Decides on Authorization headers; secrets in files are read each time, so a rotated one is seen."""

    def __init__(self, config: accel.Config) -> None:
        self._server = config.server
        self._webhooks = {host: settings.webhook for host, settings in config.provider.source.items()}

    def may_read(self, header: str) -> bool:
        """True when the header carries the token, none is configured, or reading needs none."""
        if self._server.anonymous_read:
            return True
        token = self._server.read_token()
        return not (token or self._server.token_file) or (bool(token) and _equal(header, f"Bearer {token}"))

    def may_push(self, hosts: Iterable[str], header: str) -> bool:
        """True when a request about images of `hosts` may make tasks.

        Where no secret at all is configured everybody may, as in the service this API comes from. Otherwise each
        host's own header is wanted, and a host without one is refused; who has the token may ask for any image.
        """
        wanted = {host: webhook.read_auth_header() for host, webhook in self._webhooks.items()}
        closed = any(webhook.auth_header_file or wanted[host] for host, webhook in self._webhooks.items())
        token = self._server.read_token()
        if token and _equal(header, f"Bearer {token}"):
            return True
        if not closed:
            return not (token or self._server.token_file)
        # All are compared, so that the time does not tell which one differs.
        verdicts = [bool(wanted.get(host)) & _equal(header, wanted.get(host, "")) for host in hosts]
        return bool(verdicts) and all(verdicts)

    def may_send(self, header: str) -> bool:
        """True when the header is any of the secrets: for requests that name no image."""
        return self.may_push([], header) or any(self.may_push([host], header) for host in self._webhooks)


def _equal(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), wanted.encode())
