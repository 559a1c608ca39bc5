"""How right document 002's network ends up over several seeds: by its own recipe, by PyTorch, by the tuned one."""

import tempfile
import time
from pathlib import Path
from statistics import mean

import click
from document_network import BATCH_SIZE, Training
from measuring import SPECS, print_json, torch_on, use_cores


def train_once(spec: Path, seed: int, epochs: int | None, data_dir: Path | None) -> dict[str, float]:
    """Train by the spec; the running count of right answers in the last epoch, and the accuracy on the test split."""
    import nbcnn
    from nbcnn.errors import NbcnnError

    overrides = {"train.seed": seed} | ({"train.epochs": epochs} if epochs else {})
    with tempfile.TemporaryDirectory(prefix="nbcnn-benchmark-") as folder:
        try:
            result = nbcnn.train(nbcnn.load_spec(spec, overrides), out=Path(folder) / "run", data_dir=data_dir)
        except NbcnnError as error:
            raise click.ClickException(str(error)) from None
    assert result.test is not None
    last = result.history[-1]
    return {
        "seed": seed,
        "correct": last.correct,
        "samples": last.samples,
        "test_accuracy": result.test.accuracy,
        "seconds": sum(record.seconds for record in result.history),
    }


def train_torch(seed: int, epochs: int | None, data_dir: Path | None, threads: int) -> dict[str, float]:
    """The same recipe in PyTorch, counted in the same way; its first weights are its own.

    `seconds` hold a second forward pass a batch, for the counting.
    """
    from nbcnn import data

    torch = torch_on(threads)
    torch.manual_seed(seed)
    training = Training(torch, channels_last=True)
    splits = data.load("fashion-mnist", data_dir)
    assert splits.test is not None
    images, labels = (
        training.images(torch.from_numpy(splits.train.inputs) / 255),
        torch.from_numpy(splits.train.targets),
    )
    started = time.perf_counter()
    for _ in range(epochs or 5):
        correct = 0
        for start in range(0, len(labels), BATCH_SIZE):
            batch = slice(start, start + BATCH_SIZE)
            correct += int(training.right(images[batch], labels[batch]))
            training.step(images[batch], labels[batch])
    seconds = time.perf_counter() - started
    tests, answers = torch.from_numpy(splits.test.inputs) / 255, torch.from_numpy(splits.test.targets)
    return {
        "seed": seed,
        "correct": correct,
        "samples": len(labels),
        "test_accuracy": int(training.right(training.images(tests), answers)) / len(answers),
        "seconds": seconds,
    }


@click.command(help=__doc__)
@click.option(
    "--data-dir", type=click.Path(path_type=Path), help="Where data sets lie; else NBCNN_DATA or the user's cache."
)
@click.option("--seeds", default=5, show_default=True, help="Seeds 0, 1, ... of each recipe.")
@click.option("--epochs", type=int, help="Other than the five of the specs.")
@click.option("--threads", type=int, help="Threads and cores; else all.")
@click.option("--torch/--no-torch", "with_torch", default=False, help="Train the document's recipe in PyTorch, too.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def main(
    data_dir: Path | None, seeds: int, epochs: int | None, threads: int | None, with_torch: bool, as_json: bool
) -> None:
    count = use_cores(threads)
    table: dict[str, list[dict[str, float]]] = {}
    for name in ("fashion", *(["fashion in torch"] if with_torch else []), "fashion_tuned"):
        rows = table[name] = []
        if not as_json:
            click.echo(f"{name}\n  seed   right in the last epoch   on the test split   seconds")
        for seed in range(seeds):
            if name == "fashion in torch":
                row = train_torch(seed, epochs, data_dir, count)
            else:
                row = train_once(SPECS / f"{name}.toml", seed, epochs, data_dir)
            rows.append(row)
            if not as_json:
                counts = f"{row['correct']:,} of {row['samples']:,}"
                click.echo(f"  {seed:4}   {counts:>23}   {row['test_accuracy']:17.2%}   {row['seconds']:7.1f}")
        if not as_json:
            counts = f"{mean(row['correct'] for row in rows):,.0f}"
            click.echo(f"  mean   {counts:>23}   {mean(row['test_accuracy'] for row in rows):17.2%}")
    if as_json:
        print_json({"recipes": table})


if __name__ == "__main__":
    main()
