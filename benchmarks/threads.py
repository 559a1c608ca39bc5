"""Training on one thread and on more, in turn: images a second, and their ratio round by round.

usage: python benchmarks/threads.py [SPEC...], by default the nine workloads.
"""

import time
from collections.abc import Callable
from pathlib import Path

import click
import numpy as np
from measuring import Spread, in_turn, machine, print_json, ratio, show_machine, use_cores
from workload import WORKLOADS

TURN_SECONDS = 0.5


def rate(spec: Path, count: int) -> Callable[[], float]:
    """A function that trains for a turn on so many threads and returns images a second."""
    from nbcnn import Model, Trainer, build, load_spec
    from nbcnn.training.threads import threads

    network = build(load_spec(spec))
    table = network.spec.train
    random = np.random.default_rng(0)
    x = random.standard_normal((table.batch_size, *network.input_shape), dtype=np.float32)
    y = np.arange(table.batch_size) % network.output_shape[0]
    with threads(count):
        trainer = Trainer(
            Model(network), loss=table.loss, optimizer=table.optimizer.model_dump(), batch_size=table.batch_size
        )
        trainer.step(x, y)

    def measure() -> float:
        with threads(count):
            trainer.step(x, y)
            steps, begin = 0, time.perf_counter()
            while (seconds := time.perf_counter() - begin) < TURN_SECONDS:
                trainer.step(x, y)
                steps += 1
        return steps * table.batch_size / seconds

    return measure


@click.command(help=__doc__)
@click.argument("specs", nargs=-1, type=click.Path(path_type=Path))
@click.option("--rounds", default=5, show_default=True, help="Turns of each side.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def main(specs: tuple[Path, ...], rounds: int, as_json: bool) -> None:
    count = use_cores(None)
    facts = machine(count)
    show_machine(facts)
    rows = []
    for spec in specs or sorted(WORKLOADS.glob("*.toml")):
        results = in_turn({str(each): rate(spec, each) for each in (1, count)}, rounds)
        gain = ratio(results[str(count)], results["1"])
        rates = {each: Spread.of(values) for each, values in results.items()}
        rows.append({"spec": spec.stem, "images_per_second": rates, "ratio": gain})
        if not as_json:
            shown = ", ".join(f"{each} threads {values.show()}" for each, values in rates.items())
            click.echo(f"{spec.stem:16}  {shown}, ratio {gain.show(2)}")
    if as_json:
        print_json({"machine": facts, "training": rows})


if __name__ == "__main__":
    main()
