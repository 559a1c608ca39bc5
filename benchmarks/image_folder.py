"""Training on a folder of images: held in memory, and decoded batch by batch.

A folder of PNG files, noise that is smooth over four pixels, is written to a temporary folder. Then runs take turns,
each in a process of its own: with all images decoded at the start and held; with those of each batch decoded by two
threads of the loader; and by none. Printed are seconds to the first step, images a second of the last epoch, the share
of its time spent waiting for images, and the most memory. The losses must be the same.

usage: python benchmarks/image_folder.py [--images 60000] [--side 32] [--width 32] [--rounds 3] [--folder DIR]
"""

import json
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import click
import numpy as np
from measuring import Spread, machine, print_json, show_machine, use_cores
from worker import memory

CLASSES = 10
THREADS = {"held": 2, "decoded, two threads": 2, "decoded, none": 0}


def write(folder: Path, images: int, side: int) -> None:
    """Write the images into a folder for each class."""
    from PIL import Image

    random = np.random.default_rng(0)
    small = random.integers(0, 256, (256, side // 4 + 1, side // 4 + 1, 3), np.uint8)
    for label in range(CLASSES):
        (folder / str(label)).mkdir(parents=True)

    def save(number: int) -> None:
        image = Image.fromarray(small[number % 256]).resize((side, side), Image.Resampling.BILINEAR)
        image.putpixel((0, 0), (number % 256, number // 256 % 256, number // 65536))
        image.save(folder / str(number % CLASSES) / f"{number:07}.png")

    with ThreadPoolExecutor() as pool:
        list(pool.map(save, range(images)))


def run(contestant: str, source: Path, side: int, width: int) -> dict[str, Any]:
    """`nbcnn train` for two epochs, the first of which warms up."""
    from nbcnn.data import image_files
    from nbcnn.spec import parse
    from nbcnn.training.events import Event, Started
    from nbcnn.training.run import train

    if contestant != "held":
        image_files.HELD_SHARE = 0
    conv = {"type": "conv", "kernel_size": 3, "padding": 1, "activation": "relu"}
    layers = [
        conv | {"out_channels": width},
        conv | {"out_channels": width, "stride": 2},
        {"type": "global_avg_pool"},
        {"type": "flatten"},
        {"type": "linear", "out_features": CLASSES},
    ]
    spec = parse(
        {
            "input": {"shape": [3, side, side]},
            "layers": layers,
            "data": {"source": str(source), "validation": 0, "loader_threads": THREADS[contestant]},
            "train": {"epochs": 2, "batch_size": 128},
        }
    )
    began = time.perf_counter()
    first_step: list[float] = []

    def note(event: Event) -> None:
        if isinstance(event, Started):
            first_step.append(time.perf_counter() - began)

    with tempfile.TemporaryDirectory() as out:
        record = train(spec, out=Path(out) / "run", on_event=note).history[-1]
    return {
        "start": first_step[0],
        "rate": record.images_per_second,
        "wait": record.input_wait / record.seconds,
        "peak": memory()["peak"],
        "loss": record.loss,
    }


def turn(contestant: str, source: Path, side: int, width: int) -> dict[str, Any]:
    """What a contestant measures in a process of its own."""
    sizes = ["--side", str(side), "--width", str(width)]
    command = [sys.executable, __file__, "--contestant", contestant, "--folder", str(source), *sizes]
    process = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if process.returncode:
        raise click.ClickException(f"{contestant} ended with code {process.returncode}")
    measured: dict[str, Any] = json.loads(process.stdout.splitlines()[-1])
    return measured


@click.command(help=__doc__)
@click.option("--images", default=60_000, show_default=True, help="How many there are.")
@click.option("--side", default=32, show_default=True, help="Pixels of their rows and columns.")
@click.option("--width", default=32, show_default=True, help="Channels of the network's convolutions.")
@click.option("--rounds", default=3, show_default=True, help="Turns of each side.")
@click.option("--folder", type=click.Path(path_type=Path), help="Where to write them.  [default: a temporary folder]")
@click.option("--contestant", type=click.Choice([*THREADS]), hidden=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def main(
    images: int, side: int, width: int, rounds: int, folder: Path | None, contestant: str | None, as_json: bool
) -> None:
    if contestant is not None and folder is not None:
        click.echo(json.dumps(run(contestant, folder, side, width)))
        return
    facts = machine(use_cores(None))
    show_machine(facts)
    results: dict[str, list[dict[str, Any]]] = {name: [] for name in THREADS}
    with tempfile.TemporaryDirectory(dir=folder) as place:
        source = Path(place) / "images"
        write(source, images, side)
        for _ in range(rounds):
            for name, found in results.items():
                found.append(turn(name, source, side, width))
    losses = {each["loss"] for found in results.values() for each in found}
    if len(losses) > 1:
        raise click.ClickException(f"the losses are {losses}, one is expected")
    if as_json:
        print_json({"machine": facts, "images": images, "side": side, "width": width, "turns": results})
        return
    for name, found in results.items():
        waits, starts = ([each[key] for each in found] for key in ("wait", "start"))
        click.echo(
            f"{name:21} {Spread.of([each['rate'] for each in found]).show()} images/s, waited "
            f"{100 * np.median(waits):.1f}% of the time, first step after {np.median(starts):.1f} s, "
            f"{max(each['peak'] for each in found) / 1e6:,.0f} MB"
        )


if __name__ == "__main__":
    main()
