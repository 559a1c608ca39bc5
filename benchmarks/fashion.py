"""Document 002's network on Fashion-MNIST, trained with nbcnn and PyTorch in turn: images per second, first steps."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click
import numpy as np
from document_network import BATCH_SIZE, LEARNING_RATE, Training
from measuring import SPECS, Spread, in_turn, machine, print_json, ratio, show_machine, torch_on, use_cores

# Steps of a turn that are not timed: the other side's data leaves the caches and its idle threads go to sleep.
WARM_UP = 10
# Both sides round differently, and each update carries the difference on.
SAME_LOSS = 1e-4


def check_same_losses(trainer: Any, training: Any, images: Any, labels: Any, tensors: tuple[Any, Any]) -> list[float]:
    """Three updates from the same weights give the same three losses; then both do the same work."""
    losses = []
    for start in range(0, 3 * BATCH_SIZE, BATCH_SIZE):
        batch = slice(start, start + BATCH_SIZE)
        ours = trainer.step(images[batch], labels[batch])
        theirs = training.step(tensors[0][batch], tensors[1][batch]).item()
        if not abs(ours - theirs) <= SAME_LOSS * abs(theirs):
            raise click.ClickException(
                f"from the same weights nbcnn's loss is {ours}, PyTorch's {theirs}; timing different work means nothing"
            )
        losses.append(ours)
    return losses


def images_per_second(step: Callable[[slice], None], batches: int) -> float:
    """Call `step` with batch after batch, from the first."""
    slices = [slice(start, start + BATCH_SIZE) for start in range(0, batches * BATCH_SIZE, BATCH_SIZE)]
    for batch in slices[:WARM_UP]:
        step(batch)
    started = time.perf_counter()
    for batch in slices:
        step(batch)
    return batches * BATCH_SIZE / (time.perf_counter() - started)


def throughput(torch: Any, images: Any, labels: Any, batches: int, rounds: int) -> dict[str, Any]:
    """Both sides read their data where it lies in memory: nbcnn bytes, PyTorch the floats that it needs."""
    import nbcnn

    model = nbcnn.Model(nbcnn.build(nbcnn.load_spec(SPECS / "fashion.toml")))
    variants = {
        name: Training(torch, [weight.copy() for weight in model.parameters.values()], channels_last)
        for name, channels_last in (("torch", False), ("torch channels_last", True))
    }
    trainer = nbcnn.Trainer(model, optimizer={"type": "adam", "lr": LEARNING_RATE}, batch_size=BATCH_SIZE)
    tensors = torch.from_numpy(images).float() / 255, torch.from_numpy(labels)
    losses = check_same_losses(trainer, variants["torch"], images, labels, tensors)
    indices = np.arange(len(images), dtype=np.int64)

    def with_nbcnn(batch: slice) -> None:
        trainer.step_batch(images, labels, indices[batch])

    def with_torch(training: Training, inputs: Any, batch: slice) -> None:
        training.step(inputs[batch], tensors[1][batch])

    sides = {"nbcnn": with_nbcnn} | {
        name: partial(with_torch, training, training.images(tensors[0])) for name, training in variants.items()
    }
    results = in_turn({name: partial(images_per_second, step, batches) for name, step in sides.items()}, rounds)
    return {
        "first_losses": losses,
        "images_per_second": {name: Spread.of(values) for name, values in results.items()},
        "ratio": {name: ratio(results["nbcnn"], results[name]) for name in variants},
    }


def seconds_to_first_step(side: str, cache: str) -> float:
    """From the start of a fresh Python process to the end of its first step: imports, compiling and all."""
    environment = {**os.environ, "NBCNN_CACHE": cache}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(SPECS.parent), os.environ.get("PYTHONPATH")]))
    started = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("first_step.py")), side], stdout=subprocess.PIPE, env=environment
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        seconds = time.perf_counter() - started
    if line.strip() != b"done":
        raise click.ClickException(f"first_step.py {side} ended with code {process.returncode} before its first step")
    return seconds


def first_steps(rounds: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="nbcnn-benchmark-") as cache:
        cold = seconds_to_first_step("nbcnn", cache)
        warm = in_turn({side: partial(seconds_to_first_step, side, cache) for side in ("nbcnn", "torch")}, rounds)
    return {"nbcnn cold": cold, "nbcnn warm": Spread.of(warm["nbcnn"]), "torch": Spread.of(warm["torch"])}


@click.command(help=__doc__)
@click.option(
    "--data-dir", type=click.Path(path_type=Path), help="Where data sets lie; else NBCNN_DATA or the user's cache."
)
@click.option("--threads", type=int, help="Threads and cores for each side; else all.")
@click.option("--rounds", default=7, show_default=True, help="Turns of each side.")
@click.option("--images", default=30_000, show_default=True, help="Images of a turn, up to 60,000.")
@click.option("--first-step/--no-first-step", "wants_first_step", default=True, help="Time fresh processes, too.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def main(
    data_dir: Path | None, threads: int | None, rounds: int, images: int, wants_first_step: bool, as_json: bool
) -> None:
    count = use_cores(threads)
    torch = torch_on(count)
    from nbcnn import data
    from nbcnn.errors import NbcnnError

    try:
        samples = data.load("fashion-mnist", data_dir).train
    except NbcnnError as error:
        raise click.ClickException(str(error)) from None
    facts = machine(torch, count)
    show_machine(facts)
    batches = max(WARM_UP, min(images, len(samples)) // BATCH_SIZE)
    speed = throughput(torch, samples.inputs, samples.targets, batches, rounds)
    starts = first_steps(min(rounds, 3)) if wants_first_step else {}
    if as_json:
        print_json({"machine": facts, "throughput": speed, "first_step_seconds": starts})
        return
    click.echo(
        f"losses of the first three steps, both sides: {', '.join(f'{loss:.5f}' for loss in speed['first_losses'])}"
    )
    click.echo("images per second, median (least to most):")
    for name, spread in speed["images_per_second"].items():
        click.echo(f"  {name:20} {spread.show()}")
    for name, spread in speed["ratio"].items():
        click.echo(f"  nbcnn / {name:20} {spread.show(2)}")
    if starts:
        click.echo("seconds from the start of a fresh process to the end of its first step:")
        click.echo(f"  nbcnn, nothing compiled yet {starts['nbcnn cold']:.2f}")
        click.echo(f"  nbcnn, compiled before      {starts['nbcnn warm'].show(2)}\n  torch {starts['torch'].show(2)}")


if __name__ == "__main__":
    main()
