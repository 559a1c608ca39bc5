"""Training from an HDF5 file that is larger than the memory allowed, beside training from memory.

A file of images, random bytes, is written to a temporary folder. First a whole run, with mean and deviation, an epoch,
validation and test, trains from it under a limit on memory. Then an epoch from the file, under that limit, and one from
memory take turns, each in a process of its own: images a second, share of the time spent waiting for data, most memory.
The file's pages are dropped from the system's cache before each turn, so that it is read from the disk.

usage: python benchmarks/streaming.py [--gigabytes 5] [--limit 1.5] [--rounds 3] [--folder DIR]
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np
from measuring import Spread, machine, print_json, ratio, show_machine, use_cores
from worker import memory

IMAGE = (3, 64, 64)
CLASSES = 10
GIGABYTE = 10**9
TEST_SAMPLES = 2000
SPEC = {
    "name": "streaming",
    "input": {"shape": list(IMAGE)},
    "layers": [
        {"type": "conv", "out_channels": 16, "kernel_size": 3, "stride": 2, "padding": 1, "activation": "relu"},
        {"type": "conv", "out_channels": 32, "kernel_size": 3, "stride": 2, "padding": 1, "activation": "relu"},
        {"type": "global_avg_pool"},
        {"type": "flatten"},
        {"type": "linear", "out_features": CLASSES},
    ],
    "data": {"source": "images.h5"},
    "train": {"epochs": 1, "batch_size": 128, "optimizer": {"type": "adam", "lr": 0.001}},
}


def write(path: Path, gigabytes: float) -> int:
    """Write the file, and return how many images there are to train on."""
    import h5py

    random = np.random.default_rng(0)
    samples = int(gigabytes * GIGABYTE / np.prod(IMAGE))
    some = random.integers(0, 256, (4096, *IMAGE), np.uint8)
    with h5py.File(path, "w") as file:
        for part, count in (("train", samples), ("test", TEST_SAMPLES)):
            file[f"{part}/y"] = random.integers(0, CLASSES, count)
            images = file.create_dataset(f"{part}/x", (count, *IMAGE), np.uint8)
            for start in range(0, count, len(some)):
                images[start : start + len(some)] = some[: count - start]
        file.flush()
    return samples


def drop_pages(path: Path) -> None:
    """Have the system forget what it holds of a file."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def whole_run(path: Path) -> dict[str, Any]:
    """`nbcnn train`, as a person would have it."""
    from nbcnn.spec import parse
    from nbcnn.training.run import train

    spec = parse(SPEC | {"data": {"source": str(path)}})
    record = train(spec, out=path.parent / "run").history[0]
    return {"rate": record.images_per_second, "wait": record.input_wait / record.seconds}


def epoch(path: Path, in_memory: bool) -> dict[str, Any]:
    """One epoch of training alone, by the loop that a run has."""
    from nbcnn import data, network
    from nbcnn.spec import parse
    from nbcnn.training.epochs import Training
    from nbcnn.training.events import ignore
    from nbcnn.training.fit import Model
    from nbcnn.training.loader import Loader
    from nbcnn.training.signals import StopRequest

    spec = parse(SPEC)
    samples = data.load(str(path), input_shape=IMAGE).train
    if in_memory:
        samples = data.Dataset(samples.inputs[:], samples.targets)
    loader = Loader(samples, spec.train, threads=parse(SPEC).data.loader_threads)
    training = Training(Model(network.build(spec)), loader, None, ignore)
    training.run([], StopRequest())
    record = training.history[0]
    return {"rate": record.images_per_second, "wait": record.input_wait / record.seconds}


CONTESTANTS: dict[str, Callable[[Path], dict[str, Any]]] = {
    "run": whole_run,
    "file": lambda path: epoch(path, in_memory=False),
    "memory": lambda path: epoch(path, in_memory=True),
}


def turn(contestant: str, path: Path, limit: float | None) -> dict[str, Any]:
    """What one contestant measures in a process of its own; `limit` is in gigabytes."""
    drop_pages(path)
    process = subprocess.run(
        [sys.executable, __file__, "--contestant", contestant, "--folder", str(path.parent)]
        + (["--limit", str(limit)] if limit else []),
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if process.returncode:
        raise click.ClickException(f"{contestant} ended with code {process.returncode}")
    measured: dict[str, Any] = json.loads(process.stdout.splitlines()[-1])
    return measured


def shown(measured: dict[str, Any]) -> str:
    return (
        f"{measured['rate']:,.0f} images/s, waited {100 * measured['wait']:.2f}% of the time, "
        f"at most {measured['peak'] / GIGABYTE:.2f} GB of memory"
    )


@click.command(help=__doc__)
@click.option("--gigabytes", default=5.0, show_default=True, help="Size of the file.")
@click.option("--limit", type=float, default=None, help="Gigabytes of memory that training has.  [default: 1.5]")
@click.option("--rounds", default=3, show_default=True, help="Turns of each side.")
@click.option("--folder", type=click.Path(path_type=Path), help="Where to write it.  [default: a temporary folder]")
@click.option("--contestant", type=click.Choice([*CONTESTANTS]), hidden=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def main(
    gigabytes: float, limit: float | None, rounds: int, folder: Path | None, contestant: str | None, as_json: bool
) -> None:
    if contestant is not None and folder is not None:
        if limit:
            # Heaps, stacks and whatever else a process writes to; what it maps from files, it can lose.
            resource.setrlimit(resource.RLIMIT_DATA, (int(limit * GIGABYTE),) * 2)
        measured = CONTESTANTS[contestant](folder / "images.h5")
        click.echo(json.dumps(measured | {"peak": memory()["peak"]}))
        return
    limit = limit or 1.5
    facts = machine(use_cores(None))
    show_machine(facts)
    with tempfile.TemporaryDirectory(dir=folder) as place:
        path = Path(place) / "images.h5"
        samples = write(path, gigabytes)
        click.echo(
            f"{samples:,} images of {IMAGE}, {path.stat().st_size / GIGABYTE:.2f} GB; limit {limit} GB", err=True
        )
        run = turn("run", path, limit)
        click.echo(f"whole run    {shown(run)}", err=True)
        results: dict[str, list[dict[str, Any]]] = {"file": [], "memory": []}
        for _ in range(rounds):
            for name, found in results.items():
                found.append(turn(name, path, limit if name == "file" else None))
                click.echo(f"from {name:7} {shown(found[-1])}", err=True)
    rates = {name: [each["rate"] for each in found] for name, found in results.items()}
    gain = ratio(rates["file"], rates["memory"])
    if as_json:
        print_json({"machine": facts, "gigabytes": gigabytes, "limit": limit, "run": run, "turns": results})
    else:
        for name, values in rates.items():
            click.echo(f"from {name:7} {Spread.of(values).show()} images/s")
        click.echo(f"file / memory {gain.show(3)}")


if __name__ == "__main__":
    main()
