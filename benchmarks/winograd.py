"""Convolutions of 3 x 3 by Winograd's method, the direct one and PyTorch: GFLOP/s, counted as the direct method's."""

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import click
import numpy as np
from convolutions import Convolution
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

SGEMM_SECONDS = 0.1
PASSES = ("forward", "data gradient", "weight gradient")
CONVOLUTIONS = tuple(
    Convolution(channels, channels, 3, size, 1)
    for channels, size in ((32, 32), (64, 32), (64, 16), (128, 16), (256, 8), (512, 4))
)


def planned(each: Convolution, which: str, batch: int, winograd: bool) -> Callable[[], object]:
    """A plan for this pass alone, on standard normal numbers."""
    from nbcnn.kernels.cpu.conv import conv, conv_gradient
    from nbcnn.kernels.cpu.program import Activation, Array, Program
    from nbcnn.plan.plan import Plan

    random = np.random.default_rng(0)
    shape = (each.outputs, each.inputs, 3, 3)
    program = Program(batch, parameter_count=each.outputs * each.inputs * 9, winograd=winograd)
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
    return lambda: plan.run(batch, {})


def torch_calls(torch: Any, each: Convolution, which: str, batch: int) -> list[Callable[[], object]]:
    """PyTorch's public function for the same pass, in either layout."""
    calls = []
    for layout in (torch.contiguous_format, torch.channels_last):
        x = torch.randn(batch, each.inputs, each.size, each.size).to(memory_format=layout)
        dy = torch.randn(batch, each.outputs, each.output_size, each.output_size).to(memory_format=layout)
        weight = torch.randn(each.outputs, each.inputs, 3, 3).to(memory_format=layout)
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
    def measure() -> float:
        started = time.perf_counter()
        call()
        return gflop / (time.perf_counter() - started)

    return measure


@click.command(help=__doc__)
@click.option("--rounds", default=9, show_default=True, help="Turns of each side and pass.")
@click.option("--batch", default=128, show_default=True, help="Samples of one call.")
@click.option("--threads", type=int, help="Threads of all sides; all cores unless given.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def main(rounds: int, batch: int, threads: int | None, as_json: bool) -> None:
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
            with torch.no_grad():
                contestants = {
                    "winograd": planned(each, which, batch, True),
                    "direct": planned(each, which, batch, False),
                    **dict(zip(("torch", "torch nhwc"), torch_calls(torch, each, which, batch), strict=True)),
                }
                measures = {name: rate(call, gflop) for name, call in contestants.items()}
                results = in_turn(measures | {"sgemm": lambda: gflops(product, SGEMM_SECONDS)}, rounds)
            results["torch"] = max(results["torch"], results.pop("torch nhwc"), key=median)
            row = {name: Spread.of(values) for name, values in results.items()}
            row["to direct"] = ratio(results["winograd"], results["direct"])
            row["to torch"] = ratio(results["winograd"], results["torch"])
            row["to sgemm"] = ratio(results["winograd"], results["sgemm"])
            rows.append({"convolution": str(each), "pass": which, **row})
            if not as_json:
                figures = "  ".join(f"{name} {row[name].show(2 if 'to ' in name else 0):22}" for name in row)
                click.echo(f"{which:15}  {each!s:19}  {figures}".rstrip())
    if as_json:
        print_json({"machine": facts, "gflops": rows})


if __name__ == "__main__":
    main()
