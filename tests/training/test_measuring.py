"""What `nbcnn bench` measures: every call has its row, rows sum up to the step, operations are counted once each."""

import json
import subprocess
import sys

import pytest
from networks import FLATTEN, conv, layer, linear, network

from nbcnn import api
from nbcnn.api import Compiling, Event, Measuring
from nbcnn.errors import InputError
from nbcnn.network import Network
from nbcnn.training import measuring, peak
from nbcnn.training.benchmark import Benchmark

KEYS = [
    "name",
    "mode",
    "batch_size",
    "threads",
    "rounds",
    "steps_per_round",
    "step_ms",
    "least_ms",
    "most_ms",
    "timed_step_ms",
    "images_per_second",
    "gflops",
    "share_of_peak",
    "peak",
    "compiled",
    "rows",
    "kernels",
]
ROW_KEYS = ["layer", "pass", "thread_ms", "share", "gflops", "share_of_peak"]

RESIDUAL = network(
    (2, 8, 8),
    conv(4, 3, padding=1, activation="relu", name="stem"),
    conv(4, 3, padding=1, name="inner", bias=False),
    layer("batch_norm", name="norm"),
    layer("add", from_=["norm", "stem"], name="sum"),
    FLATTEN,
    linear(5, name="classes"),
)
FROZEN = network(
    (2, 8, 8),
    conv(3, 3, name="below", trainable=False),
    conv(4, 3, name="lowest"),
    conv(5, 3, name="frozen", trainable=False),
    FLATTEN,
    linear(6, name="top"),
)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "ROUND_SECONDS", 0.01)
    monkeypatch.setattr(measuring, "_peak", lambda: measuring.Peak("numpy", 100.0, 150.0))


def measured(described: Network, **options: object) -> Benchmark:
    return api.bench(described.spec, batch_size=40, rounds=2, **options)


@pytest.mark.parametrize("mode", ["training", "inference"])
@pytest.mark.parametrize("threads", [1, None])
def test_rows_sum_up_to_the_step(mode: str, threads: int | None) -> None:
    result = measured(RESIDUAL, mode=mode, threads=threads)
    calls = [row for row in result.rows if row.layer != "waiting"]
    assert all(row.seconds > 0 for row in calls)
    assert sum(row.seconds for row in calls) <= result.threads * result.timed_seconds
    assert sum(result.share(row) for row in result.rows) == pytest.approx(1)
    for row in calls:
        kernels = [k for k in result.kernels if (k.layer, k.direction) == (row.layer, row.direction)]
        assert kernels and sum(k.seconds for k in kernels) == pytest.approx(row.seconds)
    assert len({(k.layer, k.direction, k.kernel) for k in result.kernels}) == len(result.kernels)


def test_rows_are_in_the_order_of_the_network() -> None:
    rows = [(row.layer, row.direction) for row in measured(RESIDUAL).rows]
    # What is fused into its producer, or only sees the same memory with other axes, has no calls and no row.
    assert rows == [
        ("packing", None),
        ("input", None),
        ("stem", "forward"),
        ("stem", "backward"),
        ("stem_relu", "backward"),
        ("inner", "forward"),
        ("inner", "backward"),
        ("norm", "forward"),
        ("norm", "backward"),
        ("sum", "forward"),
        ("classes", "forward"),
        ("classes", "backward"),
        ("loss", None),
        ("update", None),
        ("waiting", None),
    ]


def test_inference_goes_forward_alone() -> None:
    rows = [(row.layer, row.direction) for row in measured(RESIDUAL, mode="inference").rows]
    assert {direction for _, direction in rows} == {"forward", None}
    assert [layer for layer, direction in rows if direction is None] == ["packing", "input", "output", "waiting"]


@pytest.mark.parametrize(
    ("described", "products"),
    [
        # Nothing wants the gradient of the input.
        (RESIDUAL, {"stem": 1, "inner": 2, "classes": 2}),
        (FROZEN, {"lowest": 1, "frozen": 1, "top": 2}),
    ],
    ids=["residual", "frozen"],
)
def test_each_product_counts_once(described: Network, products: dict[str, int]) -> None:
    result = measured(described)
    forward = {row.layer: row.flops for row in result.rows if row.direction == "forward" and row.flops}
    assert forward == {node.name: 2 * 40 * node.macs for node in described.layers if node.macs}
    backward = {row.layer: row.flops for row in result.rows if row.direction == "backward" and row.flops}
    assert backward == {name: count * forward[name] for name, count in products.items()}
    assert result.flops == sum(forward.values()) + sum(backward.values())


def test_json_has_what_the_guide_says() -> None:
    result = measured(RESIDUAL, threads=1)
    found = json.loads(json.dumps(result.as_dict()))
    assert list(found) == KEYS
    assert found["peak"] == {"source": "numpy", "one_thread_gflops": 100.0, "all_threads_gflops": 150.0}
    assert all(list(row) == ROW_KEYS for row in found["rows"])
    assert all(list(row) == [*ROW_KEYS, "kernel"] for row in found["kernels"])
    assert found["least_ms"] <= found["step_ms"] <= found["most_ms"]
    assert found["compiled"]["functions"] == 1 + len({row["kernel"] for row in found["kernels"]})
    assert found["compiled"]["bytes"] > 10_000 * found["compiled"]["functions"]
    assert found["images_per_second"] == pytest.approx(40e3 / found["step_ms"])
    (stem,) = (row for row in found["rows"] if (row["layer"], row["pass"]) == ("stem", "forward"))
    macs = RESIDUAL["stem"].macs
    assert stem["gflops"] == pytest.approx(2e-6 * 40 * macs / stem["thread_ms"])
    assert stem["share_of_peak"] == pytest.approx(stem["gflops"] / 150.0)


@pytest.mark.parametrize("loss", ["mse_loss", "binary_cross_entropy_with_logits"])
def test_losses_of_numbers_get_numbers(loss: str) -> None:
    spec = RESIDUAL.spec.model_copy(update={"train": api.load_spec("specs/digits.toml", {"train.loss": loss}).train})
    assert any(row.layer == "loss" for row in api.bench(spec, rounds=1).rows)


def test_events_tell_what_goes_on() -> None:
    events: list[Event] = []
    measured(RESIDUAL, on_event=events.append)
    assert [event for event in events if not isinstance(event, Compiling)] == [Measuring(n, 2) for n in range(3)]


@pytest.mark.parametrize("options", [{"rounds": 0}, {"batch_size": 0}, {"threads": 10_000}])
def test_what_does_not_do_is_refused(options: dict[str, int]) -> None:
    with pytest.raises(InputError):
        api.bench(RESIDUAL.spec, **options)


def test_a_batch_without_statistics_is_refused() -> None:
    flat = network((2, 1, 1), layer("batch_norm"), FLATTEN, linear(3))
    with pytest.raises(InputError, match="batch_size"):
        api.bench(flat.spec, batch_size=1)


def test_products_of_numpy_and_of_the_tile() -> None:
    assert peak.product_gflops(1) > 0
    assert measuring._tile_gflops(1) > 0


def test_without_a_process_for_numpy_the_tile_is_the_peak(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(measuring, "ROUND_SECONDS", 0.01)

    def fail(*_: object, **__: object) -> None:
        raise subprocess.CalledProcessError(1, sys.executable)

    monkeypatch.setattr(peak.subprocess, "run", fail)
    found = measuring._peak()
    assert found.source == "tile" and found.one_thread > 0 and found.all_threads > 0
