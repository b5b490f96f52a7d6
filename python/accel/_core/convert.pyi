"""
Convert, check, copy and inspect images.
"""
from __future__ import annotations
import accel._core.base
import accel._core.fs
import accel._core.oci
import accel._core.registry
import collections.abc
import typing
__all__: list[str] = ['BackendSettings', 'CacheReport', 'CacheRequest', 'CheckReport', 'ConvertReport', 'ConvertRequest', 'CopyReport', 'CopyRequest', 'DecodeLimits', 'DictionaryImage', 'DictionaryReport', 'DictionaryRequest', 'Difference', 'Environment', 'InspectReport', 'InspectedImage', 'InspectedLayer', 'LayerReport', 'Listing', 'Location', 'TargetReport', 'TargetRequest', 'TreeEntry', 'Twin', 'UnpackRequest', 'check', 'convert', 'copy', 'find_twin', 'image_size', 'inspect', 'list_files', 'make_dictionary', 'parse_cache_location', 'parse_target_location', 'unpack']
class Location:
    """
    Where an image is: a registry, an OCI layout or an archive.
    """
    @staticmethod
    def parse(text: str) -> Location:
        """
        Raises InvalidReference naming the accepted forms.
        """
    def __str__(self) -> str:
        ...
    @property
    def path(self) -> str:
        """
        Not for registries.
        """
    @property
    def reference(self) -> accel._core.oci.Reference:
        """
        Registry only.
        """
    @property
    def tag(self) -> str:
        """
        Tag or digest; empty: the only image.
        """
    @property
    def transport(self) -> str:
        """
        `registry`, `oci`, `oci-archive` or `docker-archive`.
        """
class DecodeLimits:
    """
    What a decoder lets a hostile layer do.
    """
    def __init__(self, *, max_ratio: typing.SupportsInt | typing.SupportsIndex | None = None, max_bytes: typing.SupportsInt | typing.SupportsIndex | None = None) -> None:
        """
        None keeps the default.
        """
    @property
    def max_bytes(self) -> int:
        """
        Decompressed bytes of one layer.
        """
    @property
    def max_ratio(self) -> int:
        """
        Decompressed bytes per compressed byte.
        """
class BackendSettings:
    """
    A storage backend, as driver options name it.
    """
    def __init__(self, type: str, config: str) -> None:
        ...
    @property
    def type(self) -> str:
        ...
class Environment:
    """
    What every job needs.
    """
    decode_limits: DecodeLimits
    registry: accel._core.registry.Options
    def __init__(self) -> None:
        ...
    @property
    def backends(self) -> list[BackendSettings]:
        """
        Where layers may be that their repositories lack.
        """
    @backends.setter
    def backends(self, arg0: collections.abc.Sequence[BackendSettings]) -> None:
        ...
    @property
    def jobs(self) -> int:
        """
        Encoder threads; 0 = one per core.
        """
    @jobs.setter
    def jobs(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def memory_bytes(self) -> int:
        """
        Of all chunks in flight.
        """
    @memory_bytes.setter
    def memory_bytes(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def store_dir(self) -> str:
        """
        Of the local store; empty: none.
        """
    @store_dir.setter
    def store_dir(self, arg0: str) -> None:
        ...
    @property
    def temp_dir(self) -> str:
        """
        Empty: $TMPDIR, then /tmp.
        """
    @temp_dir.setter
    def temp_dir(self, arg0: str) -> None:
        ...
class TargetRequest:
    """
    One wanted format and where its image goes.
    """
    def __init__(self, driver: str, options: collections.abc.Mapping[str, str], location: str) -> None:
        ...
    @property
    def driver(self) -> str:
        ...
    @property
    def location(self) -> str:
        ...
    @property
    def options(self) -> dict[str, str]:
        ...
class CacheRequest:
    """
    The image that remembers converted layers.
    """
    def __init__(self) -> None:
        ...
    @property
    def capacity(self) -> int:
        """
        Records kept for each platform; 0: no cache.
        """
    @capacity.setter
    def capacity(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def location(self) -> str:
        """
        Empty: none.
        """
    @location.setter
    def location(self, arg0: str) -> None:
        ...
    @property
    def version(self) -> str:
        """
        Records of another version are ignored.
        """
    @version.setter
    def version(self, arg0: str) -> None:
        ...
class ConvertRequest:
    """
    What to convert, into what.
    """
    cache: CacheRequest
    docker_to_oci: bool
    dry_run: bool
    harbor_annotation: bool
    source: str
    verify: bool
    def __init__(self) -> None:
        ...
    @property
    def platforms(self) -> list[accel._core.oci.Platform]:
        """
        Empty: all.
        """
    @platforms.setter
    def platforms(self, arg0: collections.abc.Sequence[accel._core.oci.Platform]) -> None:
        ...
    @property
    def targets(self) -> list[TargetRequest]:
        ...
    @targets.setter
    def targets(self, arg0: collections.abc.Sequence[TargetRequest]) -> None:
        ...
class CopyRequest:
    """
    What to copy, where to.
    """
    all_platforms: bool
    referrers: bool
    source: str
    target: str
    def __init__(self) -> None:
        ...
    @property
    def decrypt_keys(self) -> list[str]:
        """
        FILE[:pass=…]: private keys of encrypted layers.
        """
    @decrypt_keys.setter
    def decrypt_keys(self, arg0: collections.abc.Sequence[str]) -> None:
        ...
    @property
    def encrypt_layers(self) -> list[int]:
        """
        From 0; negative from the end. Empty: all.
        """
    @encrypt_layers.setter
    def encrypt_layers(self, arg0: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]) -> None:
        ...
    @property
    def encryption_keys(self) -> list[str]:
        """
        Recipients: jwe:FILE, pkcs7:FILE, pgp:NAME.
        """
    @encryption_keys.setter
    def encryption_keys(self, arg0: collections.abc.Sequence[str]) -> None:
        ...
    @property
    def platforms(self) -> list[accel._core.oci.Platform]:
        ...
    @platforms.setter
    def platforms(self, arg0: collections.abc.Sequence[accel._core.oci.Platform]) -> None:
        ...
class UnpackRequest:
    """
    What to turn back into an ordinary image, where to.
    """
    source: str
    target: str
    def __init__(self) -> None:
        ...
    @property
    def compression(self) -> str:
        """
        Of layers: none, gzip or zstd.
        """
    @compression.setter
    def compression(self, arg1: str) -> None:
        ...
    @property
    def platforms(self) -> list[accel._core.oci.Platform]:
        """
        Empty: all.
        """
    @platforms.setter
    def platforms(self, arg0: collections.abc.Sequence[accel._core.oci.Platform]) -> None:
        ...
class DictionaryRequest:
    """
    Of which images to make a dictionary, where to.
    """
    driver: str
    target: str
    def __init__(self) -> None:
        ...
    @property
    def options(self) -> dict[str, str]:
        """
        For images that are converted first.
        """
    @options.setter
    def options(self, arg0: collections.abc.Mapping[str, str]) -> None:
        ...
    @property
    def platforms(self) -> list[accel._core.oci.Platform]:
        """
        Empty: all.
        """
    @platforms.setter
    def platforms(self, arg0: collections.abc.Sequence[accel._core.oci.Platform]) -> None:
        ...
    @property
    def sources(self) -> list[str]:
        ...
    @sources.setter
    def sources(self, arg0: collections.abc.Sequence[str]) -> None:
        ...
class LayerReport:
    """
    One layer and what it became.
    """
    @property
    def cached(self) -> bool:
        ...
    @property
    def platform(self) -> str:
        ...
    @property
    def source_digest(self) -> str:
        ...
    @property
    def source_size(self) -> int:
        ...
    @property
    def target_digest(self) -> str:
        ...
    @property
    def target_size(self) -> int:
        ...
class TargetReport:
    """
    One image that was made.
    """
    @property
    def digest(self) -> str:
        ...
    @property
    def driver(self) -> str:
        ...
    @property
    def layers(self) -> list[LayerReport]:
        ...
    @property
    def media_type(self) -> str:
        ...
    @property
    def notes(self) -> list[str]:
        ...
    @property
    def reference(self) -> str:
        ...
    @property
    def size(self) -> int:
        ...
    @property
    def skipped(self) -> bool:
        ...
class CacheReport:
    """
    What a conversion had of its cache.
    """
    @property
    def added(self) -> int:
        """
        Records.
        """
    @property
    def dropped(self) -> int:
        """
        Records.
        """
    @property
    def hits(self) -> int:
        ...
    @property
    def misses(self) -> int:
        ...
    @property
    def reference(self) -> str:
        """
        Empty: there was none.
        """
class ConvertReport:
    """
    The outcome of convert(). Times are seconds.
    """
    @property
    def bytes_mounted(self) -> int:
        ...
    @property
    def bytes_read(self) -> int:
        ...
    @property
    def bytes_uploaded(self) -> int:
        ...
    @property
    def bytes_written(self) -> int:
        ...
    @property
    def cache(self) -> CacheReport:
        ...
    @property
    def convert(self) -> float:
        ...
    @property
    def pull(self) -> float:
        ...
    @property
    def push(self) -> float:
        ...
    @property
    def source_digest(self) -> str:
        ...
    @property
    def source_reference(self) -> str:
        ...
    @property
    def source_size(self) -> int:
        ...
    @property
    def targets(self) -> list[TargetReport]:
        ...
    @property
    def total(self) -> float:
        ...
class CopyReport:
    """
    The outcome of copy(). Times are seconds.
    """
    @property
    def blobs_copied(self) -> int:
        ...
    @property
    def blobs_existing(self) -> int:
        ...
    @property
    def blobs_mounted(self) -> int:
        ...
    @property
    def bytes_mounted(self) -> int:
        ...
    @property
    def bytes_read(self) -> int:
        ...
    @property
    def bytes_uploaded(self) -> int:
        ...
    @property
    def digest(self) -> str:
        ...
    @property
    def media_type(self) -> str:
        ...
    @property
    def total(self) -> float:
        ...
class DictionaryImage:
    """
    One image whose chunks are in a dictionary.
    """
    @property
    def converted(self) -> bool:
        ...
    @property
    def digest(self) -> str:
        ...
    @property
    def platform(self) -> str:
        ...
    @property
    def reference(self) -> str:
        ...
class DictionaryReport:
    """
    The outcome of make_dictionary(). Times are seconds.
    """
    @property
    def blobs(self) -> int:
        ...
    @property
    def bytes_mounted(self) -> int:
        ...
    @property
    def bytes_read(self) -> int:
        ...
    @property
    def bytes_uploaded(self) -> int:
        ...
    @property
    def digest(self) -> str:
        ...
    @property
    def images(self) -> list[DictionaryImage]:
        ...
    @property
    def media_type(self) -> str:
        ...
    @property
    def notes(self) -> list[str]:
        ...
    @property
    def reference(self) -> str:
        ...
    @property
    def size(self) -> int:
        ...
    @property
    def total(self) -> float:
        ...
class Difference:
    """
    One path that is not the same in both images.
    """
    @property
    def field(self) -> str:
        ...
    @property
    def path(self) -> str:
        ...
    @property
    def platform(self) -> str:
        ...
    @property
    def source(self) -> str:
        ...
    @property
    def target(self) -> str:
        ...
class CheckReport:
    """
    The outcome of check().
    """
    @property
    def blobs_verified(self) -> int:
        ...
    @property
    def content_bytes(self) -> int:
        ...
    @property
    def differences(self) -> list[Difference]:
        ...
    @property
    def files(self) -> int:
        ...
    @property
    def notes(self) -> list[str]:
        ...
    @property
    def source_digest(self) -> str:
        ...
    @property
    def target_digest(self) -> str:
        ...
class Twin:
    """
    Whether a converted image belongs to its source as it is now.
    """
    @property
    def reason(self) -> str:
        ...
    @property
    def state(self) -> str:
        """
        missing, stale or fresh.
        """
class InspectedLayer:
    """
    One layer: descriptor, diffID and format.
    """
    @property
    def chunks(self) -> int:
        ...
    @property
    def descriptor(self) -> accel._core.oci.Descriptor:
        ...
    @property
    def details(self) -> list[tuple[str, str]]:
        ...
    @property
    def diff_id(self) -> str:
        ...
    @property
    def entries(self) -> int:
        ...
    @property
    def format(self) -> str:
        ...
    @property
    def uncompressed_size(self) -> int:
        ...
class InspectedImage:
    """
    The image of one platform.
    """
    @property
    def config_json(self) -> str:
        ...
    @property
    def descriptor(self) -> accel._core.oci.Descriptor:
        ...
    @property
    def layers(self) -> list[InspectedLayer]:
        ...
    @property
    def manifest_json(self) -> str:
        ...
    @property
    def platform(self) -> str:
        ...
class InspectReport:
    """
    The outcome of inspect().
    """
    @property
    def images(self) -> list[InspectedImage]:
        ...
    @property
    def reference(self) -> str:
        ...
    @property
    def root(self) -> accel._core.oci.Descriptor:
        ...
    @property
    def root_json(self) -> str:
        ...
class TreeEntry:
    """
    One path of a merged tree.
    """
    @property
    def file(self) -> int:
        """
        Number of the file; paths with the same one are hardlinks.
        """
    @property
    def node(self) -> accel._core.fs.Node:
        ...
    @property
    def path(self) -> str:
        ...
class Listing:
    """
    The files of one image in path order.
    """
    def __iter__(self) -> collections.abc.Iterator[TreeEntry]:
        ...
    def __len__(self) -> int:
        ...
def check(source: str, target: str, platforms: collections.abc.Sequence[accel._core.oci.Platform], environment: Environment, hooks: accel._core.base.CallHooks) -> CheckReport:
    """
    Compares two images as file trees and configs.
    """
def convert(request: ConvertRequest, environment: Environment, hooks: accel._core.base.CallHooks) -> ConvertReport:
    """
    Converts an image into every wanted format in one pass over its layers.
    """
def copy(request: CopyRequest, environment: Environment, hooks: accel._core.base.CallHooks) -> CopyReport:
    """
    Copies an image byte for byte, verifying every blob.
    """
def find_twin(client: accel._core.registry.Client, source: accel._core.oci.Reference, target: accel._core.oci.Reference, platforms: collections.abc.Sequence[accel._core.oci.Platform], by_subject: bool, hooks: accel._core.base.CallHooks) -> Twin:
    """
    Whether a converted image belongs to its source as it is now.
    """
def image_size(client: accel._core.registry.Client, reference: accel._core.oci.Reference, platforms: collections.abc.Sequence[accel._core.oci.Platform], hooks: accel._core.base.CallHooks) -> int:
    """
    Compressed bytes of the layers of the wanted platforms.
    """
def inspect(location: str, platforms: collections.abc.Sequence[accel._core.oci.Platform], environment: Environment, hooks: accel._core.base.CallHooks) -> InspectReport:
    """
    Reads documents and layer metadata, not layer data.
    """
def list_files(location: str, platform: accel._core.oci.Platform, environment: Environment, hooks: accel._core.base.CallHooks) -> Listing:
    """
    The merged tree of one platform's image.
    """
def make_dictionary(request: DictionaryRequest, environment: Environment, hooks: accel._core.base.CallHooks) -> DictionaryReport:
    """
    Makes an image whose chunks others need not store again.
    """
def parse_cache_location(text: str) -> Location:
    """
    A location of a cache image: one that can be changed. Raises ConfigError as well.
    """
def parse_target_location(text: str) -> Location:
    """
    A location that can be written. Raises InvalidReference or UnsupportedError.
    """
def unpack(request: UnpackRequest, environment: Environment, hooks: accel._core.base.CallHooks) -> ConvertReport:
    """
    Turns an image whose layers are no tars back into an ordinary one.
    """
