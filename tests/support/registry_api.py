"""Looks into a registry and puts into it what accelctl does not: by HTTP, independently of the code under test."""

from __future__ import annotations

import http.client
import json
from typing import TYPE_CHECKING, Any

from tests.python.support.layout import INDEX, MANIFEST, sha256

if TYPE_CHECKING:
    from tests.support.registry import Registry


class Repository:
    """A repository of a registry without TLS; `authorization` is the header's value, if the registry wants one."""

    def __init__(self, registry: Registry, name: str, authorization: str = "") -> None:
        self._registry, self._name, self._authorization = registry, name, authorization

    def _request(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, str, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self._registry.port, timeout=30)
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            if self._authorization:
                named["Authorization"] = self._authorization
            connection.request(method, path, body, named)
            answer = connection.getresponse()
            return answer.status, answer.getheader("Location", "") or "", answer.read()
        finally:
            connection.close()

    def tags(self) -> set[str]:
        status, _, body = self._request("GET", f"/v2/{self._name}/tags/list")
        return set(json.loads(body).get("tags") or ()) if status == 200 else set()

    def manifest(self, reference: str) -> tuple[str, dict[str, Any]]:
        """Digest and document; digest "" when there is none."""
        accepted = f"{INDEX}, {MANIFEST}"
        status, _, body = self._request("GET", f"/v2/{self._name}/manifests/{reference}", Accept=accepted)
        return (sha256(body), json.loads(body)) if status == 200 else ("", {})

    def put_manifest(self, reference: str, document: dict[str, Any]) -> str:
        body = json.dumps(document).encode()
        path = f"/v2/{self._name}/manifests/{reference}"
        status, _, answer = self._request("PUT", path, body, Content_Type=document["mediaType"])
        assert status == 201, answer
        return sha256(body)

    def put_chart(self, tag: str) -> str:
        """A Helm chart, as `helm push` makes one; gives its digest."""
        config = {"mediaType": "application/vnd.cncf.helm.config.v1+json", **self.put_blob(b'{"name":"chart"}')}
        layer = {"mediaType": "application/vnd.cncf.helm.chart.content.v1.tar+gzip", **self.put_blob(b"chart")}
        return self.put_manifest(tag, {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]})

    def delete_blob(self, digest: str) -> None:
        """Takes a blob out of this repository."""
        status, _, answer = self._request("DELETE", f"/v2/{self._name}/blobs/{digest}")
        assert status == 202, answer

    def put_blob(self, data: bytes) -> dict[str, Any]:
        """Uploads; returns digest and size for a descriptor."""
        status, location, answer = self._request("POST", f"/v2/{self._name}/blobs/uploads/")
        assert status == 202, answer
        path = location.removeprefix(f"http://{self._registry.host}")
        digest = sha256(data)
        status, _, answer = self._request(
            "PUT", f"{path}&digest={digest}", data, Content_Type="application/octet-stream"
        )
        assert status == 201, answer
        return {"digest": digest, "size": len(data)}
