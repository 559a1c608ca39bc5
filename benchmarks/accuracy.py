"""How right document 002's network ends up over several seeds, by its own recipe and by the tuned one."""

import tempfile
from pathlib import Path
from statistics import mean

import click
from measuring import SPECS, print_json, use_cores

# From PyTorch 2.13 with five seeds of its own, by the document's recipe; the document's one run counted 52,923.
TORCH_CORRECT = (52_245, 52_985)


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


@click.command(help=__doc__)
@click.option(
    "--data-dir", type=click.Path(path_type=Path), help="Where data sets lie; else NBCNN_DATA or the user's cache."
)
@click.option("--seeds", default=5, show_default=True, help="Seeds 0, 1, ... of each recipe.")
@click.option("--epochs", type=int, help="Other than the five of the specs.")
@click.option("--threads", type=int, help="Threads and cores; else all.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def main(data_dir: Path | None, seeds: int, epochs: int | None, threads: int | None, as_json: bool) -> None:
    use_cores(threads)
    table: dict[str, list[dict[str, float]]] = {}
    for name in ("fashion", "fashion_tuned"):
        rows = table[name] = []
        if not as_json:
            click.echo(f"{name}\n  seed   right in the last epoch   on the test split   seconds")
        for seed in range(seeds):
            row = train_once(SPECS / f"{name}.toml", seed, epochs, data_dir)
            rows.append(row)
            if not as_json:
                counts = f"{row['correct']:,} of {row['samples']:,}"
                click.echo(f"  {seed:4}   {counts:>23}   {row['test_accuracy']:17.2%}   {row['seconds']:7.1f}")
        if not as_json:
            counts = f"{mean(row['correct'] for row in rows):,.0f}"
            click.echo(f"  mean   {counts:>23}   {mean(row['test_accuracy'] for row in rows):17.2%}")
    if as_json:
        print_json({"recipes": table, "torch_correct": TORCH_CORRECT})
    else:
        click.echo("PyTorch, fashion, five seeds of its own: {:,} to {:,} in the fifth epoch".format(*TORCH_CORRECT))


if __name__ == "__main__":
    main()
