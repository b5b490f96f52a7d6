"""An object store that checks OSS signatures (version 1) and keeps its objects in memory.

Written from Alibaba Cloud's documentation of the REST API, without the code it tests: a request whose signature, date
or parameters are wrong gets the error that OSS would give. Run as a program it serves until it is ended and prints its
port first, so that C++ tests can use it too:

    python3 oss_server.py BUCKET KEY_ID SECRET

Beside the API, `GET /?state` (unsigned) tells what is stored.
"""

from __future__ import annotations

import base64
import email.utils
import hashlib
import hmac
import json
import sys
import threading
import time
import urllib.parse
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from xml.sax.saxutils import escape

SIGNED_PARAMETERS = {"uploads", "uploadId", "partNumber", "acl", "delete", "append", "position", "security-token"}
MIN_PART = 100 * 1024  # all parts of an upload but the last
MAX_SKEW = 15 * 60  # seconds


@dataclass
class Upload:
    """A multipart upload that is not complete."""

    key: str
    parts: dict[int, bytes] = field(default_factory=dict)


@dataclass
class Bucket:
    """What the server holds, and who may ask."""

    name: str
    key_id: str
    secret: str
    objects: dict[str, bytes] = field(default_factory=dict)
    uploads: dict[str, Upload] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


class RefusalError(Exception):
    """An error answer."""

    def __init__(self, status: int, code: str, message: str = "") -> None:
        super().__init__(code)
        self.status, self.code, self.message = status, code, message


def tag_of(content: bytes) -> str:
    return f'"{hashlib.md5(content, usedforsecurity=False).hexdigest().upper()}"'


class Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    bucket: ClassVar[Bucket]
    protocol_version = "HTTP/1.1"
    key = ""
    body = b""

    parameters: dict[str, str]

    def log_message(self, *_: object) -> None:
        """Nothing: what was asked is in `requests`."""

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", headers.pop("length", str(len(body))))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def document(self, root: str, **members: str) -> None:
        inner = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in members.items())
        text = f'<?xml version="1.0" encoding="UTF-8"?>\n<{root}>{inner}</{root}>'
        self.answer(200, text.encode(), Content_Type="application/xml")

    def handle_request(self) -> None:
        size = int(self.headers.get("Content-Length", "0"))
        self.body = self.rfile.read(size)
        if len(self.body) < size:  # the connection broke: what came is no request, and its retry may be under way
            self.close_connection = True
            return
        if self.path == "/?state":
            state = {name: hashlib.sha256(content).hexdigest() for name, content in self.bucket.objects.items()}
            uploads, requests = len(self.bucket.uploads), self.bucket.requests
            self.answer(200, json.dumps({"objects": state, "uploads": uploads, "requests": requests}).encode())
            return
        try:
            self.authorize()
            with self.bucket.lock:
                self.bucket.requests.append(f"{self.command} {self.path}")
                self.serve()
        except RefusalError as refusal:
            text = f"<Error><Code>{refusal.code}</Code><Message>{escape(refusal.message)}</Message></Error>"
            self.answer(refusal.status, text.encode(), Content_Type="application/xml")

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = handle_request  # noqa: N815

    def authorize(self) -> None:
        """Takes the address apart and checks who asks."""
        path, _, query = self.path.partition("?")
        resource = urllib.parse.unquote(path)
        bucket, _, self.key = resource.removeprefix("/").partition("/")
        self.parameters = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        scheme, _, rest = self.headers.get("Authorization", "").partition(" ")
        key_id, _, signature = rest.partition(":")
        if scheme != "OSS":
            raise RefusalError(403, "AccessDenied", "anonymous access is forbidden for this operation")
        if key_id != self.bucket.key_id:
            raise RefusalError(403, "InvalidAccessKeyId", "the access key id does not exist")
        date = self.headers.get("Date", "")
        if abs(email.utils.parsedate_to_datetime(date).timestamp() - time.time()) > MAX_SKEW:
            raise RefusalError(403, "RequestTimeTooSkewed", "the request time differs too much from ours")
        signed = sorted((name, value) for name, value in self.parameters.items() if name in SIGNED_PARAMETERS)
        subresource = "&".join(name + (f"={value}" if value else "") for name, value in signed)
        fields = sorted((n.lower(), v.strip()) for n, v in self.headers.items() if n.lower().startswith("x-oss-"))
        lines = [
            self.command,
            self.headers.get("Content-MD5", ""),
            self.headers.get("Content-Type", ""),
            date,
            *(f"{name}:{value}" for name, value in fields),
            resource + (f"?{subresource}" if subresource else ""),
        ]
        code = hmac.new(self.bucket.secret.encode(), "\n".join(lines).encode(), hashlib.sha1).digest()
        if not hmac.compare_digest(base64.b64encode(code).decode(), signature):
            raise RefusalError(403, "SignatureDoesNotMatch", "the signature we calculated is not the one you gave")
        if bucket != self.bucket.name:
            raise RefusalError(404, "NoSuchBucket", "the specified bucket does not exist")

    def serve(self) -> None:
        if "uploads" in self.parameters and self.command == "POST":
            identity = f"{len(self.bucket.requests):032X}"
            self.bucket.uploads[identity] = Upload(self.key)
            self.document("InitiateMultipartUploadResult", Bucket=self.bucket.name, Key=self.key, UploadId=identity)
        elif "uploadId" in self.parameters:
            upload = self.bucket.uploads.get(self.parameters["uploadId"])
            if upload is None or upload.key != self.key:
                raise RefusalError(404, "NoSuchUpload", "the specified upload does not exist")
            {"PUT": self.put_part, "POST": self.complete, "DELETE": self.abort}[self.command](upload)
        else:
            {"PUT": self.put, "GET": self.get, "HEAD": self.get, "DELETE": self.delete}[self.command]()

    def content(self) -> tuple[bytes, bool]:
        """The bytes that a PUT means: its body, or those of another object."""
        source = self.headers.get("x-oss-copy-source")
        if source is None:
            return self.body, False
        bucket, _, key = urllib.parse.unquote(source).removeprefix("/").partition("/")
        if bucket != self.bucket.name or key not in self.bucket.objects:
            raise RefusalError(404, "NoSuchKey", "the source object does not exist")
        whole = self.bucket.objects[key]
        wanted = self.headers.get("x-oss-copy-source-range")
        if wanted is None:
            return whole, True
        first, last = map(int, wanted.removeprefix("bytes=").split("-"))
        if last >= len(whole):
            raise RefusalError(416, "InvalidRange", "the range is outside the object")
        return whole[first : last + 1], True

    def put(self) -> None:
        content, copied = self.content()
        self.bucket.objects[self.key] = content
        if copied:
            self.document("CopyObjectResult", ETag=tag_of(content))
        else:
            self.answer(200, ETag=tag_of(content))

    def put_part(self, upload: Upload) -> None:
        number = int(self.parameters["partNumber"])
        if not 1 <= number <= 10000:
            raise RefusalError(400, "InvalidArgument", "partNumber is not between 1 and 10000")
        content, copied = self.content()
        upload.parts[number] = content
        if copied:
            self.document("CopyPartResult", ETag=tag_of(content))
        else:
            self.answer(200, ETag=tag_of(content))

    def complete(self, upload: Upload) -> None:
        listed = [
            (int(part.findtext("PartNumber", "0")), part.findtext("ETag", ""))
            for part in ET.fromstring(self.body).findall("Part")
        ]
        if [number for number, _ in listed] != sorted({number for number, _ in listed}):
            raise RefusalError(400, "InvalidPartOrder", "the parts are not in ascending order")
        if any(number not in upload.parts or tag_of(upload.parts[number]) != tag for number, tag in listed):
            raise RefusalError(400, "InvalidPart", "one of the parts could not be found")
        if any(len(upload.parts[number]) < MIN_PART for number, _ in listed[:-1]):
            raise RefusalError(400, "EntityTooSmall", "a part is smaller than the minimum")
        self.bucket.objects[upload.key] = b"".join(upload.parts[number] for number, _ in listed)
        del self.bucket.uploads[self.parameters["uploadId"]]
        self.document("CompleteMultipartUploadResult", Key=self.key, ETag="whole")

    def abort(self, _: Upload) -> None:
        del self.bucket.uploads[self.parameters["uploadId"]]
        self.answer(204)

    def get(self) -> None:
        content = self.bucket.objects.get(self.key)
        if content is None:
            raise RefusalError(404, "NoSuchKey", "the specified key does not exist")
        wanted = self.headers.get("Range")
        if wanted is None or self.command == "HEAD":
            self.answer(200, content, length=str(len(content)), ETag=tag_of(content))
            return
        first, last = map(int, wanted.removeprefix("bytes=").split("-"))
        last = min(last, len(content) - 1)
        shown = f"bytes {first}-{last}/{len(content)}"
        self.answer(206, content[first : last + 1], Content_Range=shown, ETag=tag_of(content))

    def delete(self) -> None:
        self.bucket.objects.pop(self.key, None)
        self.answer(204)


def handler_of(bucket: Bucket) -> type[Handler]:
    """A handler class for `http_service.serving`."""
    return type("BucketHandler", (Handler,), {"bucket": bucket})


def main() -> None:
    name, key_id, secret = sys.argv[1:]
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(Bucket(name, key_id, secret)))
    server.daemon_threads = True
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
