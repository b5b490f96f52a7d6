"""The cases of `make bench` that are about Nydus: whole images, one layer, references to OCI layers, merging.

The peer is `nydus-image` 2.2.0 of the crate `nydus-rs` where it is installed (CONTRIBUTING.md says how). It has no
registry client, so whole images stand beside the figures of goharbor/acceleration-service, which were measured
elsewhere and are for orientation only.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.e2e import corpus
from tests.bench.e2e.measure import Cost, best, measure
from tests.python.support.layout import CONFIG, MANIFEST, Layout
from tests.support.peers import peer_program

if TYPE_CHECKING:
    from tests.bench.e2e.run import Bench

ROOT = Path(__file__).resolve().parents[3]
MERGE = ROOT / "build/release/tests/bench/cpp/nydus_merge_bench"
BUILDER = peer_program("nydus-rs", "nydus-image")

# wall / CPU seconds, memory of all processes, temporary disk: as the project's issue states them.
REFERENCE = {
    "nydus": {"A": "1.8 / 1.7 s", "B": "9.7 / 10.9 s, 103 MiB, 709 MB temp", "C": "17.8 / 20 s, 185 MiB, 486 MB temp"},
    "nydus oci_ref": {"B": "4.7 / 6.1 s, 110 MiB, 414 MB temp"},
}


def case_nydus(bench: Bench, images: list[str], _: list[str]) -> None:
    """Whole images, native and as a reference to their OCI layers."""
    for case, options in (("nydus", ()), ("nydus oci_ref", ("--option", "oci_ref=true"))):
        for image in images:
            bench.convert(case, image, ["nydus"], *options)
            if image in REFERENCE[case]:
                bench.note(case, f"reference (elsewhere, its own corpus): {REFERENCE[case][image]}")


def case_three(bench: Bench, images: list[str], _: list[str]) -> None:
    """Nydus, eStargz and zstd:chunked in one pass against the sum of three runs."""
    image = images[min(1, len(images) - 1)]
    drivers = ["nydus", "estargz", "zstdchunked"]
    single = [bench.convert("three", image, [driver]) for driver in drivers]
    together = bench.convert("three", image, drivers)
    bench.note(
        "three",
        f"one pass takes {together.wall / sum(c.wall for c in single):.2f} of the three runs (wall), "
        f"{together.cpu / sum(c.cpu for c in single):.2f} (CPU)",
    )


def one_layer_layout(image: str, folder: Path) -> tuple[Path, Path]:
    """An OCI layout in `folder` with the largest layer of a corpus image alone, and that layer's file."""
    layout = corpus.build(image, corpus.default_cache())
    index = json.loads((layout / "index.json").read_text())

    def blob(digest: str) -> Path:
        return layout / "blobs/sha256" / digest.removeprefix("sha256:")

    manifest = json.loads(blob(index["manifests"][0]["digest"]).read_text())
    config = json.loads(blob(manifest["config"]["digest"]).read_text())
    number = max(range(len(manifest["layers"])), key=lambda i: manifest["layers"][i]["size"])
    layer = manifest["layers"][number]
    config["rootfs"]["diff_ids"] = [config["rootfs"]["diff_ids"][number]]
    config.pop("history", None)
    made = Layout(folder)
    made.blob_path(layer["digest"]).symlink_to(blob(layer["digest"]))
    manifest |= {"config": made.add_document(config, CONFIG), "layers": [layer]}
    made.tag(made.add_document(manifest, MANIFEST), "latest")
    return folder, blob(layer["digest"])


def compare_layer(bench: Bench, image: str, case: str, options: list[str], flags: list[str]) -> None:
    """One gzip layer from disk to a blob on disk: `accelctl convert` beside `nydus-image create`."""
    with tempfile.TemporaryDirectory(dir=ROOT / "build/bench") as name:
        folder = Path(name)
        layout, layer = one_layer_layout(image, folder / "source")
        peer_blob = folder / "peer.blob"

        def ours(run: int, cores: str | None = None) -> Cost:
            command = [bench.accelctl, "convert", "--progress", "none", "--driver", "nydus", *options]
            return measure([*command, f"oci:{layout}:latest", f"oci:{folder}/target{run}:nydus"], cores=cores)

        def theirs() -> Cost:
            peer_blob.unlink(missing_ok=True)
            command = [BUILDER, "create", "--log-level", "warn", "--blob-inline-meta", *flags]
            return measure([*command, "--features", "blob-toc", "--blob", str(peer_blob), str(layer)])

        fast = best([ours(run) for run in range(bench.repeat)])
        lone = ours(bench.repeat, cores="0")
        files = (folder / "target0/blobs/sha256").iterdir()
        made = [file.stat().st_size for file in files if file.name != layer.name]  # oci_ref keeps the source's layer
        bench.row(case, image, "accelctl", fast, max(made))
        bench.row(f"{case}, 1 core", image, "accelctl", lone)
        bench.note(case, f"two cores are {lone.wall / fast.wall:.2f} times faster than one")
        if BUILDER:
            slow = best([theirs() for _ in range(bench.repeat)])
            bench.against(
                case, fast, bench.row(case, image, "nydus-image", slow, peer_blob.stat().st_size), "nydus-image"
            )


def case_nydus_layer(bench: Bench, images: list[str], _: list[str]) -> None:
    """The largest layer of each image, native and as a reference."""
    for image in images:
        native = ["--type", "targz-rafs", "--fs-version", "6", "--prefetch-policy", "fs"]
        compare_layer(bench, image, "nydus layer", [], native)
        compare_layer(bench, image, "nydus layer oci_ref", ["--option", "oci_ref=true"], ["--type", "targz-ref"])


def case_nydus_merge(bench: Bench, _: list[str], __: list[str]) -> None:
    """Bootstraps of layers to the image's: 60 layers, one directory of 20,000 entries, 50,000 to 200,000 files."""
    for files in (50_000, 100_000, 200_000):
        with tempfile.TemporaryDirectory(dir=ROOT / "build/bench") as name:
            folder = Path(name)
            layers, output = folder / "layers", str(folder / "bootstrap")
            layers.mkdir()
            measure([str(MERGE), "make", str(layers), "60", str(files)])
            inputs = [str(path) for path in sorted(layers.iterdir())]
            case, image = "nydus merge", f"{files // 1000}k"
            fast = best([measure([str(MERGE), "merge", output, *inputs]) for _ in range(bench.repeat)])
            bench.row(case, image, "accel", fast, Path(output).stat().st_size)
            if BUILDER:
                command = [BUILDER, "merge", "--log-level", "warn", "--bootstrap", output, *inputs]
                slow = bench.row(case, image, "nydus-image", measure(command), Path(output).stat().st_size)
                bench.against(case, fast, slow, "nydus-image")


def case_nydus_memory(bench: Bench, _: list[str], __: list[str]) -> None:
    """Peak memory of a conversion with one layer of 8 GiB."""
    corpus.build_huge(corpus.default_cache())
    bench.push("huge")
    bench.convert("nydus: 8 GiB layer", "huge", ["nydus"])
