"""
Registries: settings and diagnosis.
"""
from __future__ import annotations
import accel._core.base
import accel._core.oci
import collections.abc
import datetime
import typing
__all__: list[str] = ['Client', 'HostOptions', 'HostReport', 'NamePage', 'Options', 'Step', 'TagEntry', 'TagPage', 'diagnose']
class HostOptions:
    """
    Settings of one registry host.
    """
    def __init__(self) -> None:
        ...
    @property
    def auth(self) -> str:
        """
        base64 of user:password; empty: docker config, then anonymous.
        """
    @auth.setter
    def auth(self, arg0: str) -> None:
        ...
    @property
    def ca_file(self) -> str:
        """
        PEM, besides the system's roots.
        """
    @ca_file.setter
    def ca_file(self, arg0: str) -> None:
        ...
    @property
    def client_cert(self) -> str:
        """
        PEM.
        """
    @client_cert.setter
    def client_cert(self, arg0: str) -> None:
        ...
    @property
    def client_key(self) -> str:
        """
        PEM.
        """
    @client_key.setter
    def client_key(self, arg0: str) -> None:
        ...
    @property
    def insecure(self) -> bool:
        """
        Do not verify the certificate.
        """
    @insecure.setter
    def insecure(self, arg0: bool) -> None:
        ...
    @property
    def mirrors(self) -> list[str]:
        """
        Tried in order, for reading only.
        """
    @mirrors.setter
    def mirrors(self, arg0: collections.abc.Sequence[str]) -> None:
        ...
    @property
    def plain_http(self) -> bool | None:
        """
        None: HTTPS, and HTTP on loopback hosts only.
        """
    @plain_http.setter
    def plain_http(self, arg0: bool | None) -> None:
        ...
class Options:
    """
    How registries are reached.
    """
    connect_timeout: datetime.timedelta
    idle_timeout: datetime.timedelta
    response_timeout: datetime.timedelta
    user_agent: str
    def __init__(self) -> None:
        ...
    @property
    def docker_config_dir(self) -> str:
        """
        Empty: $DOCKER_CONFIG, then ~/.docker.
        """
    @docker_config_dir.setter
    def docker_config_dir(self, arg0: str) -> None:
        ...
    @property
    def hosts(self) -> dict[str, HostOptions]:
        """
        Host as in references, port included, to its settings.
        """
    @hosts.setter
    def hosts(self, arg0: collections.abc.Mapping[str, HostOptions]) -> None:
        ...
    @property
    def max_attempts(self) -> int:
        """
        Of one request, the first included.
        """
    @max_attempts.setter
    def max_attempts(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def max_connections(self) -> int:
        """
        Per host.
        """
    @max_connections.setter
    def max_connections(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
class Step:
    """
    One step on the way to a registry.
    """
    @property
    def detail(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def ok(self) -> bool:
        ...
class HostReport:
    """
    The outcome of diagnose().
    """
    @property
    def steps(self) -> list[Step]:
        ...
class NamePage:
    """
    One page of a list of names.
    """
    @property
    def names(self) -> list[str]:
        ...
    @property
    def next(self) -> str:
        """
        Asks for the page after this one; empty on the last.
        """
class TagEntry:
    """
    A tag, and the digest it points to where the list says so.
    """
    @property
    def digest(self) -> str:
        """
        Empty when the list does not say.
        """
    @property
    def tag(self) -> str:
        ...
class TagPage:
    """
    One page of tags.
    """
    @property
    def next(self) -> str:
        """
        As of NamePage.
        """
    @property
    def tags(self) -> list[TagEntry]:
        ...
class Client:
    """
    Registries, with connections and tokens kept.
    """
    def __init__(self, options: Options) -> None:
        ...
    def get_manifest(self, reference: accel._core.oci.Reference, hooks: accel._core.base.CallHooks) -> accel._core.oci.RawManifest:
        """
        The manifest or index that a reference names, whatever it is of.
        """
    def is_harbor(self, host: str, hooks: accel._core.base.CallHooks) -> bool:
        """
        True when the host is a Harbor.
        """
    def list_projects(self, host: str, next: str, hooks: accel._core.base.CallHooks) -> NamePage:
        """
        One page of Harbor's projects.
        """
    def list_repositories(self, host: str, project: str, next: str, hooks: accel._core.base.CallHooks) -> NamePage:
        """
        One page of the repositories of a Harbor project or, with an empty one, of the catalog.
        """
    def list_tags(self, reference: accel._core.oci.Reference, harbor: bool, next: str, hooks: accel._core.base.CallHooks) -> TagPage:
        """
        One page of the tags of a repository; with `harbor` by its API, with digests.
        """
def diagnose(host: str, options: Options, hooks: accel._core.base.CallHooks) -> HostReport:
    """
    Checks a host step by step; what it finds is in the report.
    """
