"""Convolutions by the direct method, by Winograd's and by PyTorch, beside a matrix product: GFLOP/s.

They are counted as the direct method's, taps in the padding included, as is the custom.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
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

TURN_SECONDS = 0.1
PASSES = ("forward", "data gradient", "weight gradient")


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
        """Of one sample and any pass, two for each multiply-add."""
        return 2e-9 * self.outputs * self.inputs * self.kernel**2 * self.output_size**2


CONVOLUTIONS = (
    Convolution(1, 6, 5, 28, 0),
    Convolution(6, 12, 5, 12, 0),
    Convolution(20, 50, 5, 14, 2),
    Convolution(32, 32, 3, 32, 1),
    Convolution(64, 64, 3, 32, 1),
    Convolution(64, 64, 3, 16, 1),
    Convolution(128, 128, 3, 16, 1),
    Convolution(256, 256, 3, 8, 1),
    Convolution(512, 512, 3, 4, 1),
)


def planned(each: Convolution, which: str, batch: int, winograd: bool) -> tuple[Callable[[], object], bool]:
    """A plan for this pass alone, on standard normal numbers, and whether it has Winograd's method."""
    from nbcnn.kernels.cpu.conv import conv, conv_gradient
    from nbcnn.kernels.cpu.program.buffers import Array
    from nbcnn.kernels.cpu.program.calls import Activation
    from nbcnn.kernels.cpu.program.program import Program
    from nbcnn.plan.plan import Plan

    random = np.random.default_rng(0)
    shape = (each.outputs, each.inputs, each.kernel, each.kernel)
    program = Program(batch, parameter_count=math.prod(shape), winograd=winograd)
    x = program.activation("x", each.inputs, (1, each.size, each.size))
    x.wants_gradient = which == "data gradient"
    weight = Array("weight", shape, external=random.standard_normal(shape, dtype=np.float32))
    weight.wants_gradient = which == "weight gradient"
    attributes: dict[str, Any] = {
        "stride": (1, 1),
        "padding": ((each.padding, each.padding),) * 2,
        "padding_mode": "zeros",
        "dilation": (1, 1),
        "groups": 1,
        "flip": False,
    }
    if which == "forward":
        given = [x]
        conv(program, x, weight, None, **attributes)
    else:
        dy = program.activation("dy", each.outputs, (1, each.output_size, each.output_size))
        given = [x, dy] if which == "weight gradient" else [dy]
        conv_gradient(program, dy, x, dy, weight, None, **attributes)
    plan = Plan(program)

    def fill(activation: Activation) -> None:
        storage = activation.storage
        copies = program.blocks * storage.block_stride or plan.workers * storage.slot_stride
        for start in range(storage.offset, storage.offset + copies, storage.block_stride or storage.slot_stride):
            numbers = plan.arena.memory[start : start + storage.extent()].view(np.float32)
            numbers[:] = random.standard_normal(numbers.size, dtype=np.float32)

    for activation in given:
        fill(activation)
    taken = any("winograd" in call.kernel.label for call in program.calls())
    return lambda: plan.run(batch, {}), taken


def torch_calls(torch: Any, each: Convolution, which: str, batch: int) -> list[Callable[[], object]]:
    """PyTorch's public function for the same pass, in either layout."""
    calls = []
    for layout in (torch.contiguous_format, torch.channels_last):
        x = torch.randn(batch, each.inputs, each.size, each.size).to(memory_format=layout)
        dy = torch.randn(batch, each.outputs, each.output_size, each.output_size).to(memory_format=layout)
        weight = torch.randn(each.outputs, each.inputs, each.kernel, each.kernel).to(memory_format=layout)
        calls.append(
            {
                "forward": lambda x=x, w=weight: torch.nn.functional.conv2d(x, w, padding=each.padding),
                "data gradient": lambda x=x, w=weight, dy=dy: torch.nn.grad.conv2d_input(
                    x.shape, w, dy, padding=each.padding
                ),
                "weight gradient": lambda x=x, w=weight, dy=dy: torch.nn.grad.conv2d_weight(
                    x, w.shape, dy, padding=each.padding
                ),
            }[which]
        )
    return calls


def rate(call: Callable[[], object], gflop: float) -> Callable[[], float]:
    """The best rate among calls for as long as the matrix product has."""

    def measure() -> float:
        best, begin = math.inf, time.perf_counter()
        while (started := time.perf_counter()) - begin < TURN_SECONDS:
            call()
            best = min(best, time.perf_counter() - started)
        return gflop / best

    return measure


@click.command(help=__doc__)
@click.option("--rounds", default=9, show_default=True, help="Turns of each side and pass.")
@click.option("--batch", default=128, show_default=True, help="Samples of one call.")
@click.option("--threads", default=1, show_default=True, help="Threads of all sides.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def main(rounds: int, batch: int, threads: int, as_json: bool) -> None:
    count = use_cores(threads)
    torch = torch_on(count)
    facts = machine(count)
    show_machine(facts)
    # PyTorch's, the last: NumPy was loaded before the number of threads was known, and takes all cores.
    product = matrix_products()[-1]
    rows = []
    for which in PASSES:
        for each in CONVOLUTIONS:
            gflop = batch * each.gflop
            direct, _ = planned(each, which, batch, False)
            fast, has_winograd = planned(each, which, batch, True)
            with torch.no_grad():
                calls = {"direct": direct} | ({"winograd": fast} if has_winograd else {})
                calls |= dict(zip(("torch", "torch nhwc"), torch_calls(torch, each, which, batch), strict=True))
                measures = {name: rate(call, gflop) for name, call in calls.items()}
                results = in_turn(measures | {"sgemm": lambda: gflops(product, TURN_SECONDS)}, rounds)
            results["torch"] = max(results["torch"], results.pop("torch nhwc"), key=median)
            ours = "winograd" if has_winograd else "direct"
            row = {name: Spread.of(values) for name, values in results.items()}
            row |= {f"{name} to sgemm": ratio(results[name], results["sgemm"]) for name in {"direct": 0, ours: 0}}
            row["to torch"] = ratio(results[ours], results["torch"])
            rows.append({"convolution": str(each), "pass": which, **row})
            if not as_json:
                figures = "  ".join(f"{name} {row[name].show(2 if 'to ' in name else 0)}" for name in row)
                click.echo(f"{which:15}  {each!s:19}  {figures}")
    if as_json:
        print_json({"machine": facts, "gflops": rows})


if __name__ == "__main__":
    main()
