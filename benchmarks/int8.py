"""What int8 costs in accuracy on Fashion-MNIST, and what it gains in speed on three of the workloads."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np
from measuring import SPECS, Spread, in_turn, machine, print_json, ratio, show_machine, use_cores

WORKLOADS = Path(__file__).parent / "workloads"
# Images at a time on the test split.
CHUNK = 1000
# Seconds that one turn takes at least.
TURN = 0.2


def accuracy(spec: Path, seed: int, calibration: int, data_dir: Path | None) -> dict[str, float]:
    """Train by the spec, calibrate with images from all over the training split, and answer the test split twice."""
    import nbcnn
    from nbcnn import data
    from nbcnn.errors import NbcnnError
    from nbcnn.model import Model

    with tempfile.TemporaryDirectory(prefix="nbcnn-benchmark-") as folder:
        try:
            out = Path(folder) / "run"
            nbcnn.train(nbcnn.load_spec(spec, {"train.seed": seed}), out=out, data_dir=data_dir)
            model = Model.load(out / "model.h5")
            splits = data.load("fashion-mnist", data_dir)
        except NbcnnError as error:
            raise click.ClickException(str(error)) from None
    assert splits.test is not None
    images, labels = splits.test.inputs, splits.test.targets
    samples = splits.train.inputs[:: max(1, len(splits.train) // calibration)][:calibration]

    def outputs(compute: Callable[[Any], Any]) -> np.ndarray:
        return np.concatenate([compute(images[start : start + CHUNK]) for start in range(0, len(images), CHUNK)])

    exact = outputs(model.compile(CHUNK))
    rough = outputs(model.compile(CHUNK, dtype="int8", calibration=samples))
    return {
        "seed": seed,
        "float32": float((exact.argmax(axis=1) == labels).mean()),
        "int8": float((rough.argmax(axis=1) == labels).mean()),
        "agreement": float((exact.argmax(axis=1) == rough.argmax(axis=1)).mean()),
        "error": float(np.sqrt(((rough - exact) ** 2).mean() / (exact**2).mean())),
    }


def speed(workload: str, batch_size: int, rounds: int) -> dict[str, Any]:
    """Microseconds of a call on random images, float32 and int8 in turn."""
    import nbcnn
    from nbcnn.model import Model

    model = Model(nbcnn.build(nbcnn.load_spec(WORKLOADS / f"{workload}.toml")))
    images = np.random.default_rng(0).random((batch_size, *model.network.input_shape), dtype=np.float32)

    def microseconds(compute: Callable[[Any], Any]) -> Callable[[], float]:
        compute(images)

        def measure() -> float:
            calls, started = 0, time.perf_counter()
            while (passed := time.perf_counter() - started) < TURN or not calls:
                compute(images)
                calls += 1
            return 1e6 * passed / calls

        return measure

    results = in_turn(
        {
            "float32": microseconds(model.compile(batch_size)),
            "int8": microseconds(model.compile(batch_size, dtype="int8", calibration=images)),
        },
        rounds,
    )
    return {
        "workload": workload,
        "batch_size": batch_size,
        **{name: Spread.of(values) for name, values in results.items()},
        "ratio": ratio(results["float32"], results["int8"]),
    }


@click.command(help=__doc__)
@click.option(
    "--data-dir", type=click.Path(path_type=Path), help="Where data sets lie; else NBCNN_DATA or the user's cache."
)
@click.option("--seeds", default=3, show_default=True, help="Seeds 0, 1, ... of each recipe; 0 to measure speed alone.")
@click.option("--calibration", default=1000, show_default=True, help="Training images that scales are found with.")
@click.option("--workloads", default="w1,w4,w5", show_default=True, help="Workloads whose speed is measured.")
@click.option("--rounds", default=9, show_default=True, help="Turns of float32 and of int8.")
@click.option("--threads", type=int, help="Threads and cores; else all.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def main(
    data_dir: Path | None,
    seeds: int,
    calibration: int,
    workloads: str,
    rounds: int,
    threads: int | None,
    as_json: bool,
) -> None:
    count = use_cores(threads)
    facts = machine(count)
    show_machine(facts)
    table: dict[str, list[dict[str, float]]] = {}
    for name in ("fashion", "fashion_tuned") if seeds else ():
        rows = table[name] = []
        if not as_json:
            click.echo(f"{name}\n  seed   float32      int8   same answer   error of outputs")
        for seed in range(seeds):
            row = accuracy(SPECS / f"{name}.toml", seed, calibration, data_dir)
            rows.append(row)
            if not as_json:
                click.echo(
                    f"  {seed:4}   {row['float32']:7.2%}   {row['int8']:7.2%}   {row['agreement']:11.2%}   "
                    f"{row['error']:16.2%}"
                )
    measured = []
    for workload in filter(None, workloads.split(",")):
        for batch_size in (1, 256):
            each = speed(workload, batch_size, rounds)
            measured.append(each)
            if not as_json:
                times = f"float32 {each['float32'].show()} us, int8 {each['int8'].show()} us"
                click.echo(f"{workload}, batch {batch_size:3}: {times}, ratio {each['ratio'].show(2)}")
    if as_json:
        print_json({"machine": facts, "accuracy": table, "speed": measured})


if __name__ == "__main__":
    main()
