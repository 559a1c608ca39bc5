"""nbcnn beside every framework that is installed, on the nine workloads: speed, latency, start and memory."""

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Any

import click
import numpy as np
from agreement import disagreement
from measuring import machine, show_machine, use_cores
from peers import CONTESTANTS, NBCNN, NOT_INSTALLED
from report import PASSES, as_markdown, as_text, write_between_markers
from turns import ContestantError, Worker, in_rounds
from workload import WORKLOADS, Workload

MEASURES = ("training", "inference", "latency", "start", "memory")
SGEMM = "sgemm"
WARM_STARTS = 2


def say(text: str) -> None:
    click.echo(text, err=True)


def chosen_peers(text: str | None) -> list[str]:
    """nbcnn and the contestants of these names or families; by default all."""
    wanted = [part.strip() for part in text.split(",")] if text else []
    known = {contestant.family for contestant in CONTESTANTS.values()} | set(CONTESTANTS)
    for name in wanted:
        if name not in known:
            raise click.UsageError(f"--peers: {name!r} is not one of {', '.join(sorted(known))}")
    return [
        name
        for name, contestant in CONTESTANTS.items()
        if name == NBCNN or not wanted or name in wanted or contestant.family in wanted
    ]


def chosen(text: str | None, known: Sequence[str], option: str) -> list[str]:
    wanted = [part.strip() for part in text.split(",")] if text else list(known)
    for name in wanted:
        if name not in known:
            raise click.UsageError(f"{option}: {name!r} is not one of {', '.join(known)}")
    return wanted


def take_part(names: Sequence[str], axes: int, trains: bool) -> tuple[list[str], dict[str, str]]:
    """Those that can do it here, and for the others what to install."""
    able = [name for name in names if CONTESTANTS[name].least_axes <= axes and (CONTESTANTS[name].trains or not trains)]
    missing = {name: packages for name in able if (packages := CONTESTANTS[name].missing())}
    errors = {name: f"{NOT_INSTALLED}; pip install {' '.join(packages)}" for name, packages in missing.items()}
    return [name for name in able if name not in missing], errors


class Bench:
    """One workload: its folder with weights and caches, in which its workers find what they need."""

    def __init__(self, name: str, folder: Path, threads: int, seconds: float, rounds: int) -> None:
        self.workload = Workload.of_spec(WORKLOADS / f"{name}.toml")
        self.workload.write(folder)
        np.savez(folder / "weights.npz", **self.workload.weights())
        self.folder, self.threads, self.seconds, self.rounds = folder, threads, seconds, rounds
        self.axes = len(self.workload.input_shape) - 1
        self.caches: dict[str, str] = {}

    def start_afresh(self) -> None:
        """From here on caches are this workload's own; they are empty now."""
        self.caches = {
            "NBCNN_CACHE": str(self.folder / "nbcnn"),
            "TORCHINDUCTOR_CACHE_DIR": str(self.folder / "inductor"),
            "JAX_COMPILATION_CACHE_DIR": str(self.folder / "jax"),
            "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
            "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
        }

    def worker(self, contestant: str, measure: str) -> Worker:
        return Worker(contestant, measure, self.folder, self.threads, self.seconds, self.caches)

    def rates(self, measure: str, names: Sequence[str]) -> dict[str, Any]:
        """Rates in each round, and why others have none; all get ready at once, then they take turns."""
        able, errors = take_part(names, self.axes, measure == "training")
        references = (SGEMM,) if measure in PASSES else ()
        with ExitStack() as stack:
            workers = {name: self.worker(name, measure) for name in (*references, *able)}
            for worker in workers.values():
                stack.callback(worker.close)
            reference: dict[str, Any] | None = None
            for name, worker in list(workers.items()):
                try:
                    answer = worker.answer()
                    if name != SGEMM:
                        reference = reference or answer
                        if problem := disagreement(reference, answer):
                            raise ContestantError(problem)
                except ContestantError as error:
                    errors[name] = str(error)
                    del workers[name]
            results = in_rounds(workers, self.rounds, always=(NBCNN, SGEMM))
        rates = {name: result for name, result in results.items() if isinstance(result, list)}
        errors |= {name: result for name, result in results.items() if isinstance(result, str)}
        turns = {"rounds": self.rounds, "seconds": self.seconds}
        return {**turns, "sgemm": rates.pop(SGEMM, []), "rates": rates, "errors": errors}

    def starts(self, names: Sequence[str], rounds: int) -> Iterator[tuple[str, dict[str, Any] | str]]:
        """Of each contestant in turn, `rounds` times, a process: seconds to its first step, and its memory."""
        able, errors = take_part(names, self.axes, trains=True)
        yield from errors.items()
        for _ in range(rounds):
            for name in list(able):
                worker = self.worker(name, "start")
                try:
                    worker.answer()
                    seconds = worker.seconds_since_start()
                    yield name, {"seconds": seconds, **worker.answer()}
                except ContestantError as error:
                    able.remove(name)
                    yield name, str(error)
                finally:
                    worker.close()

    def start_and_memory(self, names: Sequence[str], timed: bool) -> dict[str, dict[str, Any]]:
        """Where `timed`, a start with empty caches and some with what it left there; else one, for the memory."""
        seconds: dict[str, list[float]] = {}
        memory, errors = {}, {}
        for name, run in self.starts(names, 1 + WARM_STARTS if timed else 1):
            if isinstance(run, str):
                errors[name] = run
                continue
            seconds.setdefault(name, []).append(run["seconds"])
            memory[name] = {"imported": run["imported"], "peak": run["peak"]}
        found = {"memory": {"rows": memory, "errors": errors}}
        return found | ({"start": {"rows": seconds, "errors": errors}} if timed else {})


def measure_workload(bench: Bench, measures: Sequence[str], names: Sequence[str]) -> dict[str, Any]:
    """By measure what was found; starts first, since what they compile then serves the others."""
    found: dict[str, Any] = {}
    timed = "start" in measures
    if timed or "memory" in measures:
        say(f"{bench.workload.name}: start and memory")
        if timed:
            bench.start_afresh()
        found |= bench.start_and_memory(names, timed)
    for measure in ("training", "inference", "latency"):
        if measure in measures:
            say(f"{bench.workload.name}: {measure}")
            found[measure] = bench.rates(measure, names)
    today = date.today().isoformat()
    facts = {"macs": bench.workload.macs, "batch_size": bench.workload.batch_size}
    return {measure: {"measured": today, **facts, **result} for measure, result in found.items()}


def earlier_results(path: Path | None, facts: dict[str, Any]) -> dict[str, Any]:
    """What a file of `--json` holds, if it was measured on such a machine with such versions."""
    if path is None or not path.exists():
        return {}
    earlier = json.loads(path.read_text())
    if earlier["machine"] != facts:
        say(f"{path}: of another machine or other versions; it is written anew")
        return {}
    workloads: dict[str, Any] = earlier["workloads"]
    return workloads


@click.command(help=__doc__)
@click.option("--workloads", "workload_names", help="Such as w1,w5; by default all nine.")
@click.option("--peers", help="Such as torch,jax or torch.compile; by default all that are installed.")
@click.option("--measure", "measure_names", help=f"Of {','.join(MEASURES)}; by default all.")
@click.option("--rounds", default=5, show_default=True, help="Turns of each contestant that count.")
@click.option("--seconds", default=1.0, show_default=True, help="Work of one turn.")
@click.option("--threads", type=int, help="Threads and cores for each; else all.")
@click.option(
    "--json",
    "json_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write results here; what is there of other workloads and measures stays.",
)
@click.option(
    "--markdown",
    "markdown_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Put the tables into this file, between its two markers.",
)
def main(
    workload_names: str | None,
    peers: str | None,
    measure_names: str | None,
    rounds: int,
    seconds: float,
    threads: int | None,
    json_file: Path | None,
    markdown_file: Path | None,
) -> None:
    wanted = chosen(workload_names, sorted(path.stem for path in WORKLOADS.glob("*.toml")), "--workloads")
    measures = chosen(measure_names, MEASURES, "--measure")
    names = chosen_peers(peers)
    count = use_cores(threads)
    facts = machine(count)
    show_machine(facts)
    workloads = earlier_results(json_file, facts)
    results = {"machine": facts, "workloads": workloads}
    for name in wanted:
        with tempfile.TemporaryDirectory(prefix="nbcnn-benchmark-") as folder:
            bench = Bench(name, Path(folder), count, seconds, rounds)
            workloads[name] = workloads.get(name, {}) | measure_workload(bench, measures, names)
        if json_file:
            json_file.write_text(json.dumps(results, indent=1) + "\n")
    click.echo(as_text(results | {"workloads": {name: workloads[name] for name in wanted}}, measures))
    if markdown_file:
        write_between_markers(markdown_file, as_markdown(results))


if __name__ == "__main__":
    main()
