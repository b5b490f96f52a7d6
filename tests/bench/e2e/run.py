"""`make bench`: what conversions cost, ours beside other tools, on this machine, in this run.

Every pair that is compared runs registry to registry against the same server, one after the other. Results go to
`build/bench/results.json` and, as tables, to standard output. Nothing else should run meanwhile.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.bench.e2e import corpus, nydus
from tests.bench.e2e.measure import CommandError, Cost, best, measure
from tests.bench.e2e.servers import Containerd, containerd, image_size
from tests.support.registry import plain_registry

ROOT = Path(__file__).resolve().parents[3]
ACCELCTL = os.environ.get("ACCELCTL", str(ROOT / ".venv/bin/accelctl"))
OUTPUT = ROOT / "build/bench"
LIMIT = os.environ.get("ACCEL_LIMIT", str(ROOT / "build/release/tests/bench/cpp/limit_bench"))

# goharbor/acceleration-service on a machine of this kind, as the project's issue states it: for orientation only.
REFERENCE = {
    "estargz": {"A": "11.7 / 17 s, 52.3 MB", "B": "82-142 / 150 s, 364.9 MB", "C": "64-75 / 117 s, 257.4 MB"},
    "zstdchunked": {"A": "3.4 / 4.2 s, 53.3 MB", "B": "18.3 / 27 s, 363.2 MB", "C": "19.3 / 27 s, 255.8 MB"},
}


class Bench:
    """One run: servers, sources, and the rows that have been measured."""

    def __init__(self, host: str, daemon: Containerd | None, repeat: int) -> None:
        self.host, self.daemon, self.repeat = host, daemon, repeat
        self.rows: list[dict[str, object]] = []
        self.targets = 0
        self.accelctl = ACCELCTL

    def at(self, host: str) -> Bench:
        """The same run against another registry; its rows are ours."""
        other = Bench(host, None, self.repeat)
        other.rows = self.rows
        return other

    def push(self, image: str) -> None:
        """Puts a corpus image into the registry."""
        command = ["skopeo", "copy", "-q", "--dest-tls-verify=false"]
        layout = f"oci:{corpus.default_cache() / image}:latest"
        subprocess.run([*command, layout, f"docker://{self.source(image)}"], check=True)

    def source(self, image: str) -> str:
        """The reference of a corpus image in the registry."""
        return f"{self.host}/source/{image.lower()}:src"

    def fresh(self, image: str) -> str:
        """A repository nobody has written to, so that nothing is already there."""
        self.targets += 1
        return f"{self.host}/target{self.targets}/{image.lower()}"

    def row(self, case: str, image: str, tool: str, cost: Cost, size: int | None = None) -> Cost:
        """Records and prints one measurement."""
        self.rows.append(
            {
                "case": case,
                "image": image,
                "tool": tool,
                "wall": round(cost.wall, 3),
                "cpu": round(cost.cpu, 3),
                "peak_memory": cost.peak_memory,
                "temporary_disk": cost.temporary_disk,
                "size": size,
            }
        )
        text = f"{size / 1e6:.1f} MB" if size else ""
        print(f"{case:22} {image:2} {tool:18} {cost.text():45} {text}", flush=True)
        return cost

    def note(self, case: str, text: str) -> None:
        """Records and prints a ratio or remark."""
        self.rows.append({"case": case, "note": text})
        print(f"{case:22} -> {text}", flush=True)

    def convert(self, case: str, image: str, drivers: list[str], *options: str, cores: str | None = None) -> Cost:
        """Converts with accelctl, `repeat` times; records the best run."""
        runs, target = [], ""
        for _ in range(self.repeat):
            target = self.fresh(image)
            command = [ACCELCTL, "convert", "--progress", "none", *options]
            for driver in drivers:
                command += ["--driver", driver]
            runs.append(measure([*command, self.source(image), target + ":{driver}"], cores=cores))
        size = sum(image_size(f"{target}:{driver}") for driver in drivers)
        return self.row(case, image, "accelctl", best(runs), size)

    def peer(self, case: str, image: str, flags: list[str]) -> Cost | None:
        """pull, convert, push with ctr-remote; None where containerd is not to be had."""
        if self.daemon is None:
            return None
        target = self.fresh(image) + ":peer"
        steps = [
            ["ctr", "content", "fetch", "--plain-http", self.source(image)],
            ["ctr-remote", "image", "convert", "--oci", *flags, self.source(image), target],
            ["ctr", "image", "push", "--plain-http", target],
        ]
        script = " && ".join(" ".join(step) for step in steps)
        cost = measure(["sh", "-c", script], daemons=(self.daemon.pid,), environment=self.daemon.environment)
        subprocess.run(
            ["ctr", "image", "rm", "--sync", target, self.source(image)],
            check=False,
            capture_output=True,
            env={**os.environ, **self.daemon.environment},
        )
        return self.row(case, image, "ctr-remote", cost, image_size(target))

    def against(self, case: str, ours: Cost, theirs: Cost | None, tool: str) -> None:
        """Notes how many times faster ours was."""
        if theirs:
            self.note(
                case,
                f"{theirs.wall / ours.wall:.1f} times faster than {tool} (wall), "
                f"{theirs.cpu / ours.cpu:.1f} times less CPU",
            )


def case_formats(bench: Bench, images: list[str], peers: list[str]) -> None:
    """Each format alone; beside it ctr-remote."""
    for driver, flags in (("estargz", ["--estargz"]), ("zstdchunked", ["--zstdchunked"])):
        for image in images:
            ours = bench.convert(driver, image, [driver])
            if image in REFERENCE[driver]:
                bench.note(driver, f"reference (elsewhere, its own corpus): {REFERENCE[driver][image]}")
            if image in peers:
                bench.against(driver, ours, bench.peer(driver, image, flags), "ctr-remote")


def case_both(bench: Bench, images: list[str], _: list[str]) -> None:
    """Both formats in one pass against the sum of two runs."""
    image = images[min(1, len(images) - 1)]
    single = [bench.convert("both", image, [driver]) for driver in ("estargz", "zstdchunked")]
    both = bench.convert("both", image, ["estargz", "zstdchunked"])
    bench.note(
        "both",
        f"one pass takes {both.wall / sum(c.wall for c in single):.2f} of the two runs (wall), "
        f"{both.cpu / sum(c.cpu for c in single):.2f} (CPU)",
    )


def case_copy(bench: Bench, images: list[str], _: list[str]) -> None:
    """accelctl copy beside skopeo copy, each time to a new registry: within one both would only mount."""
    ours_command = [ACCELCTL, "copy", "--progress", "none"]
    skopeo_command = ["skopeo", "copy", "-q", "--src-tls-verify=false", "--dest-tls-verify=false"]

    def copy(image: str, command: list[str], prefix: str) -> Cost:
        with tempfile.TemporaryDirectory(dir=OUTPUT) as folder, plain_registry(Path(folder)) as other:
            return measure([*command, prefix + bench.source(image), prefix + other.reference("copied:copy")])

    for image in images:
        pairs = [(copy(image, ours_command, ""), copy(image, skopeo_command, "docker://")) for _ in range(bench.repeat)]
        ours = bench.row("copy", image, "accelctl", best([one for one, _ in pairs]))
        theirs = bench.row("copy", image, "skopeo", best([other for _, other in pairs]))
        bench.against("copy", ours, theirs, "skopeo")
        bench.note("copy", f"memory: {ours.peak_memory / theirs.peak_memory:.2f} of skopeo's")


def case_cores(bench: Bench, images: list[str], _: list[str]) -> None:
    """The same conversion on one core and on two, the registry on the same ones; then only ours on one."""
    image = images[min(1, len(images) - 1)]
    all_cores = os.sched_getaffinity(0)

    def on_cores(count: int) -> Cost:
        os.sched_setaffinity(0, sorted(all_cores)[:count])  # what is started from here on has it too
        try:
            with tempfile.TemporaryDirectory(dir=OUTPUT) as folder, plain_registry(Path(folder)) as other:
                there = bench.at(other.host)
                there.push(image)
                return there.convert(f"cores: {count}", image, ["estargz"])
        finally:
            os.sched_setaffinity(0, all_cores)

    one, two = on_cores(1), on_cores(2)
    bench.note("cores", f"two cores are {one.wall / two.wall:.2f} times faster than one")
    lone = bench.convert("cores: 1, registry 2", image, ["estargz"], cores=str(min(all_cores)))
    bench.note("cores", f"than one with the other one for the registry alone: {lone.wall / two.wall:.2f} times")


def case_limit(bench: Bench, images: list[str], _: list[str]) -> None:
    """The bare library calls on the same bytes, one thread: the limit for CPU time."""
    for image in images:
        blobs = corpus.build(image, corpus.default_cache()) / "blobs/sha256"
        for kind, arguments in (("estargz", ["6"]), ("zstdchunked", ["3", "zstd"])):
            total: dict[str, float] = {}
            for blob in sorted(blobs.iterdir()):
                if blob.stat().st_size < 100_000:
                    continue
                facts = json.loads(
                    subprocess.run([LIMIT, str(blob), *arguments], check=True, capture_output=True, text=True).stdout
                )
                for key, value in facts.items():
                    total[key] = total.get(key, 0) + value
            bench.note(f"limit {kind}", f"{image}: " + ", ".join(f"{k} {v:.2f}" for k, v in total.items()))
            ours = bench.convert(f"limit {kind}", image, [kind])
            bench.note(f"limit {kind}", f"{image}: bare calls take {total['total'] / ours.cpu:.2f} of our CPU time")


def case_memory(bench: Bench, _: list[str], __: list[str]) -> None:
    """Peak memory with one layer of 8 GiB."""
    corpus.build_huge(corpus.default_cache())
    bench.push("huge")
    for driver in ("estargz", "zstdchunked"):
        bench.convert("memory: 8 GiB layer", "huge", [driver])


def case_help(bench: Bench, _: list[str], __: list[str]) -> None:
    """Start-up of the command."""
    bench.row("accelctl --help", "", "accelctl", best([measure([ACCELCTL, "--help"]) for _ in range(5)]))


def case_eviction(bench: Bench, images: list[str], _: list[str]) -> None:
    """A conversion beside a collector that evicts 20,000 blobs of 1 MiB, and the same without one, in turns."""
    image = images[min(1, len(images) - 1)]
    command = [ACCELCTL, "convert", "--progress", "none", "--driver", "estargz", bench.source(image)]
    alone, beside, evictions = [], [], []
    for _round in range(max(bench.repeat, 3)):
        alone.append(measure([*command, bench.fresh(image) + ":alone"]))
        with tempfile.TemporaryDirectory(dir=OUTPUT) as folder:
            fill_store(Path(folder), 20_000)
            collect = [ACCELCTL, "store", "gc", "--work-dir", folder, "--threshold", "1B", "--percent", "0"]
            with ThreadPoolExecutor(1) as executor:
                eviction = executor.submit(measure, collect)
                beside.append(measure([*command, bench.fresh(image) + ":beside"]))
                evictions.append(eviction.result())
    one = bench.row("eviction: without", image, "accelctl", best(alone))
    other = bench.row("eviction: beside", image, "accelctl", best(beside))
    bench.row("eviction: 20 GiB", "", "accelctl store gc", best(evictions))
    bench.note(
        "eviction", f"a conversion takes {other.wall / one.wall - 1:+.1%} beside an eviction (goal: at most 5 %)"
    )


def fill_store(folder: Path, count: int) -> None:
    """A store of `count` blobs of 1 MiB: room on the disk, which is what evicting gives back."""
    blobs = folder / "blobs/sha256"
    blobs.mkdir(parents=True)
    for number in range(count):
        with (blobs / f"{number:064x}").open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, 1 << 20)


CASES: dict[str, Callable[[Bench, list[str], list[str]], None]] = {
    "help": case_help,
    "nydus": nydus.case_nydus,
    "nydus-layer": nydus.case_nydus_layer,
    "nydus-merge": nydus.case_nydus_merge,
    "nydus-memory": nydus.case_nydus_memory,
    "three": nydus.case_three,
    "formats": case_formats,
    "both": case_both,
    "copy": case_copy,
    "cores": case_cores,
    "limit": case_limit,
    "memory": case_memory,
    "eviction": case_eviction,
}


def main() -> None:
    """Runs the cases named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", default=list(CASES), help=f"of {', '.join(CASES)}")
    parser.add_argument("--images", default="A,B,C")
    parser.add_argument("--peers", default="A", help="images that ctr-remote converts too (minutes each for B and C)")
    parser.add_argument("--repeat", type=int, default=2)
    arguments = parser.parse_args()
    images = arguments.images.split(",")
    OUTPUT.mkdir(parents=True, exist_ok=True)
    for image in images:
        corpus.build(image, corpus.default_cache())
    has_peer = all(shutil.which(tool) for tool in ("containerd", "ctr", "ctr-remote"))
    with contextlib.ExitStack() as servers:
        work = Path(servers.enter_context(tempfile.TemporaryDirectory(dir=OUTPUT)))
        host = servers.enter_context(plain_registry(work / "registry")).host
        daemon = servers.enter_context(containerd(work / "containerd")) if has_peer else None
        bench = Bench(host, daemon, arguments.repeat)
        try:
            for image in images:
                bench.push(image)
            for case in arguments.cases:
                CASES[case](bench, images, arguments.peers.split(","))
        except CommandError as error:
            sys.exit(f"error: {error}")
    machine = {"system": platform.platform(), "cores": len(os.sched_getaffinity(0))}
    (OUTPUT / "results.json").write_text(json.dumps({"machine": machine, "rows": bench.rows}, indent=1))


if __name__ == "__main__":
    main()
