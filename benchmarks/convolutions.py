"""Six convolutions on one core, forward and weight gradient: GFLOP/s of the kernels, of PyTorch and of sgemm."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import click
import numpy as np
from measuring import (
    Spread,
    gflops,
    in_turn,
    machine,
    matrix_products,
    print_json,
    ratio,
    show_machine,
    torch_on,
    use_cores,
)

PASSES = ("forward", "weight gradient")
SGEMM_SECONDS = 0.4


@dataclass(frozen=True)
class Convolution:
    """A square convolution with stride 1."""

    inputs: int
    outputs: int
    kernel: int
    size: int
    padding: int

    def __str__(self) -> str:
        return f"{self.inputs}->{self.outputs}, {self.kernel}x{self.kernel}, {self.size}x{self.size}"

    @property
    def output_size(self) -> int:
        return self.size + 2 * self.padding - self.kernel + 1

    @property
    def gflop(self) -> float:
        """Of one sample and either pass, two for each multiply-add; taps in the padding count, as is the custom."""
        return 2e-9 * self.outputs * self.inputs * self.kernel**2 * self.output_size**2


CONVOLUTIONS = (
    Convolution(1, 6, 5, 28, 0),
    Convolution(6, 12, 5, 12, 0),
    Convolution(32, 32, 3, 32, 1),
    Convolution(64, 64, 3, 16, 1),
    Convolution(128, 128, 3, 8, 1),
    Convolution(512, 512, 3, 4, 1),
)


def nbcnn_pass(convolution: Convolution, which: str, gflop: float) -> Callable[[], float]:
    """A plan whose walk is this pass alone, over so many blocks that Python and the packing of weights vanish.

    As in a network's walk, each block finds its activations in the memory that the block before has used.
    """
    from nbcnn.kernels.cpu.conv import conv, conv_gradient
    from nbcnn.kernels.cpu.lanes import lane_count
    from nbcnn.kernels.cpu.program import Array, Program
    from nbcnn.plan.plan import Plan

    each = convolution
    shape = (each.outputs, each.inputs, each.kernel, each.kernel)
    lanes = lane_count()
    samples = lanes * math.ceil(gflop / each.gflop / lanes)
    program = Program(samples, parameter_count=math.prod(shape))
    x = program.activation("x", each.inputs, (1, each.size, each.size))
    x.wants_gradient = False
    random = np.random.default_rng(0)
    weight = Array("weight", shape, external=random.standard_normal(shape, dtype=np.float32))
    attributes: dict[str, Any] = {
        "stride": (1, 1),
        "padding": ((each.padding, each.padding),) * 2,
        "padding_mode": "zeros",
        "dilation": (1, 1),
        "groups": 1,
        "flip": False,
    }
    inputs = [x]
    if which == "forward":
        conv(program, x, weight, None, **attributes)
    else:
        dy = program.activation("dy", each.outputs, (1, each.output_size, each.output_size))
        conv_gradient(program, dy, x, dy, weight, None, **attributes)
        inputs.append(dy)
    plan = Plan(program)
    for activation in inputs:
        storage = activation.storage
        for slot in range(plan.workers):
            start = storage.offset + slot * storage.slot_stride
            numbers = plan.arena.memory[start : start + storage.extent()].view(np.float32)
            numbers[:] = random.standard_normal(numbers.size, dtype=np.float32)

    def measure() -> float:
        started = time.perf_counter()
        plan.run(samples, {})
        return samples * each.gflop / (time.perf_counter() - started)

    return measure


def torch_pass(
    torch: Any, convolution: Convolution, which: str, gflop: float, batches: Sequence[int]
) -> Callable[[], float]:
    """PyTorch's public function for the same pass, in its best layout and batch, found by a short trial."""
    candidates = [
        _torch_candidate(torch, convolution, which, batch, layout)
        for batch in batches
        for layout in (torch.contiguous_format, torch.channels_last)
    ]
    trials = [max(measure(gflop / 10) for _ in range(3)) for measure in candidates]
    best = candidates[int(np.argmax(trials))]
    return lambda: best(gflop)


def _torch_candidate(
    torch: Any, convolution: Convolution, which: str, batch: int, layout: Any
) -> Callable[[float], float]:
    each = convolution
    x = torch.randn(batch, each.inputs, each.size, each.size).to(memory_format=layout)
    weight = torch.randn(each.outputs, each.inputs, each.kernel, each.kernel).to(memory_format=layout)
    dy = torch.randn(batch, each.outputs, each.output_size, each.output_size).to(memory_format=layout)

    def call() -> None:
        if which == "forward":
            torch.nn.functional.conv2d(x, weight, padding=each.padding)
        else:
            torch.nn.grad.conv2d_weight(x, weight.shape, dy, padding=each.padding)

    def measure(gflop: float) -> float:
        repeats = max(1, round(gflop / (batch * each.gflop)))
        with torch.no_grad():
            call()
            started = time.perf_counter()
            for _ in range(repeats):
                call()
        return repeats * batch * each.gflop / (time.perf_counter() - started)

    return measure


@click.command(help=__doc__)
@click.option("--rounds", default=9, show_default=True, help="Turns of each side and pass.")
@click.option("--gflop", default=10.0, show_default=True, help="Work of one turn, in 10**9 operations.")
@click.option(
    "--torch-batch", multiple=True, default=(16, 64), show_default=True, help="PyTorch's batches; its best one counts."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def main(rounds: int, gflop: float, torch_batch: tuple[int, ...], as_json: bool) -> None:
    count = use_cores(1)
    torch = torch_on(count)
    facts = machine(count)
    show_machine(facts)
    # PyTorch's, the last: NumPy was loaded before the number of threads was known.
    product = matrix_products()[-1]
    rows = []
    if not as_json:
        click.echo("GFLOP/s, median (least to most)")
    for which in PASSES:
        for convolution in CONVOLUTIONS:
            results = in_turn(
                {
                    "nbcnn": nbcnn_pass(convolution, which, gflop),
                    "torch": torch_pass(torch, convolution, which, gflop, torch_batch),
                    "sgemm": lambda: gflops(product, SGEMM_SECONDS),
                },
                rounds,
            )
            row = {name: Spread.of(values) for name, values in results.items()}
            row["ratio"] = ratio(results["nbcnn"], results["torch"])
            rows.append({"convolution": str(convolution), "pass": which, **row})
            if not as_json:
                figures = "  ".join(f"{name} {row[name].show(2 if name == 'ratio' else 0):20}" for name in row)
                click.echo(f"{which:15}  {convolution!s:19}  {figures}".rstrip())
    if as_json:
        print_json({"machine": facts, "gflops": rows})


if __name__ == "__main__":
    main()
