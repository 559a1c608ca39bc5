"""The rounding error of Winograd's method and of the direct one, beside the reference in float64.

Standard normal numbers. The root mean square of either method's error as a ratio, and of Winograd's the largest error
beside the largest number. A convolution that the engine's rule leaves to the direct method has no row.
"""

import math
from dataclasses import dataclass
from typing import Any

import click
import numpy as np
from measuring import machine, print_json, show_machine, use_cores

PASSES = ("outputs", "data gradient", "weight gradient")


@dataclass(frozen=True)
class Convolution:
    """As many channels as filters, stride 1, padding that keeps the sizes of a map."""

    channels: int
    kernel: tuple[int, ...]
    space: tuple[int, ...]

    def __str__(self) -> str:
        return f"{'x'.join(map(str, self.kernel))}, {self.channels} channels, {'x'.join(map(str, self.space))}"


CONVOLUTIONS = (
    *(Convolution(channels, (3, 3), (16, 16)) for channels in (32, 64, 128, 512)),
    *(Convolution(channels, (3, 3, 3), (8, 8, 8)) for channels in (16, 64)),
    Convolution(64, (3,), (48,)),
    *(Convolution(channels, (5,), (48,)) for channels in (32, 256)),
    *(Convolution(channels, (5, 5), (16, 16)) for channels in (20, 64)),
)


def computed(each: Convolution, given: dict[str, np.ndarray], winograd: bool) -> tuple[list[np.ndarray], bool]:
    """Outputs and both gradients by the kernels, and whether Winograd's method was taken."""
    from nbcnn.kernels.cpu.conv import conv, conv_gradient
    from nbcnn.kernels.cpu.families.transfer import add_emit
    from nbcnn.kernels.cpu.program.buffers import Array
    from nbcnn.kernels.cpu.program.program import Program
    from nbcnn.plan.lowering import add_input
    from nbcnn.plan.plan import Plan, array_view
    from nbcnn.plan.updating import total_of

    samples = len(given["x"])
    program = Program(samples, parameter_count=given["weight"].size, winograd=winograd)
    as_it_is = np.tile(np.array([1.0, 0.0], dtype=np.float32), (each.channels, 1))
    x, dy = (add_input(program, name, given[name].shape[1:], as_it_is) for name in ("x", "dy"))
    weight = Array("weight", given["weight"].shape, external=given["weight"])
    y = conv(program, x, weight, None, **attributes(each))
    add_emit(program, program.port("y"), y)
    dx, dweight, _ = conv_gradient(program, dy, x, y, weight, None, **attributes(each))
    assert dx is not None and dweight is not None
    add_emit(program, program.port("dx"), dx)
    total = total_of(program, dweight)
    plan = Plan(program)
    found = {"y": np.empty_like(given["dy"]), "dx": np.empty_like(given["x"])}
    plan.run(samples, {"x": given["x"], "dy": given["dy"], "indices": np.arange(samples)} | found)
    taken = any("winograd" in call.kernel.label for call in program.calls())
    return [found["y"], found["dx"], array_view(plan.arena, total).copy()], taken


def attributes(each: Convolution) -> dict[str, Any]:
    ones = (1,) * len(each.kernel)
    padding = tuple((taps // 2, taps // 2) for taps in each.kernel)
    return {
        "stride": ones,
        "padding": padding,
        "padding_mode": "zeros",
        "dilation": ones,
        "groups": 1,
        "flip": False,
    }


def measure(each: Convolution, samples: int) -> dict[str, Any] | None:
    """Errors of all passes; None where the direct method alone is used."""
    from nbcnn.kernels.reference.conv import conv, conv_gradient

    random = np.random.default_rng(0)
    image = (samples, each.channels, *each.space)
    shapes = {"x": image, "dy": image, "weight": (each.channels, each.channels, *each.kernel)}
    given = {name: random.standard_normal(shape, dtype=np.float32) for name, shape in shapes.items()}
    fast, taken = computed(each, given, winograd=True)
    if not taken:
        return None
    direct, _ = computed(each, given, winograd=False)
    x, dy, weight = (given[name].astype(np.float64) for name in ("x", "dy", "weight"))
    y = conv(x, weight, None, **attributes(each))
    exact = [y, *conv_gradient(dy, x, y, weight, None, **attributes(each))[:2]]
    rows = {}
    for name, ours, plain, right in zip(PASSES, fast, direct, exact, strict=True):
        error = np.abs(ours - right)
        ratio = math.sqrt(np.square(error).mean() / np.square(plain - right).mean())
        rows[name] = {"ratio": ratio, "largest": float(error.max() / np.abs(right).max())}
    return rows


@click.command(help=__doc__)
@click.option("--samples", default=32, show_default=True, help="Samples of one call.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def main(samples: int, as_json: bool) -> None:
    facts = machine(use_cores(None))
    show_machine(facts)
    rows = []
    for each in CONVOLUTIONS:
        found = measure(each, samples)
        if found is None:
            continue
        rows.append({"convolution": str(each), **found})
        if not as_json:
            figures = ",  ".join(f"{name} {row['ratio']:.1f}, {row['largest']:.1e}" for name, row in found.items())
            click.echo(f"{each!s:32}  {figures}")
    if as_json:
        print_json({"machine": facts, "errors": rows})


if __name__ == "__main__":
    main()
