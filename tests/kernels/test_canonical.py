"""Linear layers with many weights, read where they lie, against float64, on sizes that fit neither tiles nor lanes."""

import numpy as np
import pytest
from tolerances import assert_close

from nbcnn.kernels.cpu.families.transfer import add_emit
from nbcnn.kernels.cpu.language.lanes import using
from nbcnn.kernels.cpu.linear import linear, linear_gradient
from nbcnn.kernels.cpu.products.canonical import multiply
from nbcnn.kernels.cpu.program.buffers import Array
from nbcnn.kernels.cpu.program.program import Program
from nbcnn.kernels.cpu.relu import relu, relu_gradient
from nbcnn.plan.lowering import add_input
from nbcnn.plan.plan import Plan, array_view
from nbcnn.plan.updating import total_of


@pytest.mark.parametrize("lanes", [4, 8, 16])
@pytest.mark.parametrize(
    ("samples", "planned", "inputs", "outputs"),
    [(17, 17, 1009, 131), (100, 130, 261, 509), (33, 33, 16, 8193)],
)
def test_many_weights_between_relus(samples: int, planned: int, inputs: int, outputs: int, lanes: int) -> None:
    random = np.random.default_rng(0)
    x, dy, weight, bias = (
        random.standard_normal(shape, dtype=np.float32)
        for shape in ((samples, inputs), (samples, outputs), (outputs, inputs), (outputs,))
    )
    with using(lanes):
        program = Program(planned)
        arrays = Array("weight", weight.shape, external=weight), Array("bias", bias.shape, external=bias)

        def port(name: str, size: int):
            unit = np.tile(np.array([1.0, 0.0], dtype=np.float32), (size, 1))
            given = add_input(program, name, (size, 1, 1), unit)
            given.shared = True
            return given

        given = port("x", inputs)
        inner = relu(program, given)
        y = linear(program, inner, *arrays)
        outer = relu(program, y)
        outer.kept = True
        add_emit(program, program.port("y"), outer)
        (masked,) = relu_gradient(program, port("dy", outputs), y, outer)
        dx, dweight, _ = linear_gradient(program, masked, inner, y, *arrays)
        assert dx is not None and dweight is not None
        (dx,) = relu_gradient(program, dx, given, inner)
        # Both are fused: they have no call of their own.
        assert outer is y and dx.producer is not None and dx.producer.arguments["masked"] == 1
        assert [call.kernel.factory for call in program.calls()].count(multiply) == 2
        add_emit(program, program.port("dx"), dx)
        total = total_of(program, dweight)
        plan = Plan(program)
    found = {"y": np.full_like(dy, np.nan), "dx": np.full_like(x, np.nan)}
    for _ in range(2):
        plan.run(samples, {"x": x, "dy": dy, "indices": np.arange(samples, dtype=np.int64)} | found)
    wide, read = weight.astype(np.float64), np.maximum(x, 0).astype(np.float64)
    expected = np.maximum(read @ wide.T + bias, 0)
    error = dy * (expected > 0)
    assert_close(found["y"], expected, "float32", "forward", inputs)
    assert_close(found["dx"], (error @ wide) * (x > 0), "float32", "input_gradient", outputs)
    assert_close(array_view(plan.arena, total), error.T @ read, "float32", "weight_gradient", samples)
