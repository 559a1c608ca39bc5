"""`nbcnn train`: a live view of a run, then its result."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .diagnostics import print_diagnostics
from .options import data_dir_option, debug_option, format_option, set_option, threads_option
from .text import counted, duration, measured_text, percent

if TYPE_CHECKING:
    from nbcnn.api import Result


@click.command()
@click.argument("spec", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the run.  [default: runs/NAME-N, a new one]")
@click.option("--epochs", type=click.IntRange(min=1), help="Epochs in all, instead of the spec's.")
@click.option("--seed", type=click.IntRange(min=0), help="Seed of weights, order and dropout, instead of the spec's.")
@click.option("--resume", is_flag=True, help="Go on with the run in --out, by default the newest of this spec.")
@click.option("--tensorboard", is_flag=True, help="Write event files for TensorBoard into the run's folder.")
@data_dir_option
@threads_option
@set_option
@format_option
@debug_option
def train(
    spec: Path,
    out: Path | None,
    epochs: int | None,
    seed: int | None,
    resume: bool,
    tensorboard: bool,
    data_dir: Path | None,
    threads: int | None,
    overrides: dict[str, Any],
    output_format: str,
) -> None:
    """Train the network of a spec into a run's folder."""
    from nbcnn import TensorBoard, api
    from nbcnn.machine.cores import asked_for

    from .progress import progress
    from .signals import a_second_one_ends

    callbacks = [TensorBoard()] if tensorboard else []
    for key, value in (("train.epochs", epochs), ("train.seed", seed)):
        if value is not None:
            overrides[key] = value
    described = api.load_spec(spec, overrides)
    with asked_for(threads):  # on which it depends how much memory training takes
        findings = [finding.as_dict() for finding in api.build(described).findings]
    # Training itself refuses a path that leads out, unless --data-dir names the folder.
    told = [each for each in findings if each["severity"] == "warning" and each["code"] != "NB248"]
    print_diagnostics(told)
    with a_second_one_ends(), progress() as show:
        result = api.train(
            described,
            out=out,
            data_dir=data_dir,
            resume=resume,
            threads=threads,
            callbacks=callbacks,
            on_event=show,
        )
    if output_format == "json":
        click.echo(json.dumps(_as_dict(result)))
    else:
        _print_result(result)


def _as_dict(result: "Result") -> dict[str, Any]:
    test = result.test
    return {
        "out": str(result.out),
        "epochs": len(result.history),
        "seconds": round(sum(record.seconds for record in result.history), 3),
        "input_wait": round(sum(record.input_wait for record in result.history), 3),
        "skipped": sum(record.skipped for record in result.history),
        "stopped_early": result.stopped_early,
        "best": asdict(result.best),
        "pretrained": result.pretrained.as_dict() if result.pretrained else None,
        "test": {"loss": test.loss, "accuracy": test.accuracy, "samples": test.samples} if test else None,
    }


def _print_result(result: "Result") -> None:
    best = result.best
    if best.val_accuracy is not None:
        measured = f"validation accuracy {percent(best.val_accuracy)}"
    elif best.val_loss is not None:
        measured = f"validation loss {best.val_loss:.4f}"
    else:
        measured = f"training loss {best.loss:.4f}"
    seconds = sum(record.seconds for record in result.history)
    epochs = counted(len(result.history), "epoch")
    waited = sum(record.input_wait for record in result.history) / seconds
    click.echo(f"{epochs} in {duration(seconds)}; the best is epoch {best.epoch}, with {measured}")
    click.echo(f"waited for data {percent(waited)} of that time")
    if skipped := sum(record.skipped for record in result.history):
        click.echo(f"{counted(skipped, 'step')} left out, whose loss or gradients were not finite")
    if result.stopped_early:
        click.echo(f"stopped early: {result.stopped_early}")
    if result.test is not None:
        test = result.test
        click.echo(f"test {measured_text(test.loss, test.accuracy, test.samples)}")
    click.echo(f"{result.out / 'model.h5'} holds the best weights")
