"""What a report says that training takes is what a plan then takes, and it is known without compiling anything."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import named

from nbcnn import api
from nbcnn.model import Model
from nbcnn.network import Network, build
from nbcnn.plan.memory import training_bytes
from nbcnn.spec import parse, parse_optimizer
from nbcnn.spec.model import Engine, Train
from nbcnn.training.trainer import Trainer, arguments_of

WORKLOADS = Path(__file__).parents[2] / "benchmarks" / "workloads"


def held(net: Network) -> int:
    """Bytes of the arrays of a model and a trainer."""
    table = net.spec.train
    model = Model(net)
    trainer = Trainer(model, batch_size=table.batch_size, **arguments_of(table))
    means = trainer._optimizer.update.means
    arrays = [*model.parameters.values(), *model.buffers.values(), *trainer.state().values(), *means.values()]
    arrays += [copy for _, copy in trainer._statistics]
    return trainer.planned(table.batch_size).bytes + sum(each.nbytes for each in arrays)


@pytest.mark.parametrize("checkpointing", [False, True])
@pytest.mark.parametrize(
    "name", ["padding, two pools", "dropout", "residual", "batch norm under relu, on branches and on features"]
)
def test_the_prediction_is_what_is_held(name: str, checkpointing: bool) -> None:
    changes = {
        "train": Train(batch_size=300, optimizer=parse_optimizer({"type": "adam"})),
        "engine": Engine(checkpointing=checkpointing),
    }
    net = build(named(name).spec.model_copy(update=changes))
    assert training_bytes(net) == held(net)


@pytest.mark.parametrize("changes", [{"accumulation_steps": 2}, {"ema": {"decay": 0.9}}])
def test_what_is_gathered_and_averaged_counts(changes: dict[str, Any]) -> None:
    """In a network of which this is most."""
    linear, norm = {"type": "linear", "out_features": 700}, {"type": "batch_norm"}
    table = {"input": {"shape": [40, 20]}, "layers": [{"type": "flatten"}, norm, linear]}
    plain, more = (build(parse(table | {"train": {"batch_size": 8} | each})) for each in ({}, changes))
    added = (held(more) - held(plain)) / plain.params / 4
    assert added == pytest.approx(1.0, rel=0.01)
    assert training_bytes(more) == held(more)
    assert training_bytes(plain) == held(plain)


@pytest.mark.parametrize(("workload", "share"), [("w4", 0.9), ("w5", 0.6), ("w6", 0.95), ("w7", 0.5)])
def test_checkpointing_takes_less_in_networks_with_batch_norm(workload: str, share: float) -> None:
    plain, again = (
        api.build(api.load_spec(WORKLOADS / f"{workload}.toml", {"engine.checkpointing": wanted})).report()
        for wanted in (False, True)
    )
    assert again["totals"]["training_bytes"] < share * plain["totals"]["training_bytes"]


def test_maps_too_large_to_plan_have_no_prediction() -> None:
    layers = [{"type": "conv", "out_channels": 2, "kernel_size": 3}, {"type": "global_avg_pool"}, {"type": "flatten"}]
    net = build(parse({"input": {"shape": [1, 40_000, 40_000]}, "layers": layers}))
    assert training_bytes(net) is None
    net = build(parse({"input": {"shape": [3, 5000, 5000]}, "layers": layers[1:]}))
    assert training_bytes(net) is None


@pytest.mark.parametrize("kernel", [{}, {"kernel_size": 4}])
def test_windows_of_one_axis_have_a_prediction(kernel: dict[str, int]) -> None:
    layers = [{"type": "kmax_pool", "k": 2, **kernel}, {"type": "flatten"}, {"type": "linear", "out_features": 2}]
    assert training_bytes(build(parse({"input": {"shape": [3, 16]}, "layers": layers})))


def test_numbers_in_arrays_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    """No array of a network's size is made for the prediction."""
    made: list[int] = []
    for name in ("zeros", "empty", "full", "ones"):
        original = getattr(np, name)

        def noted(shape, *arguments, original=original, **options):
            result = original(shape, *arguments, **options)
            made.append(result.nbytes)
            return result

        monkeypatch.setattr(np, name, noted)
    net = build(
        parse(
            {"input": {"shape": [4096, 1]}, "layers": [{"type": "flatten"}, {"type": "linear", "out_features": 4096}]}
        )
    )
    predicted = training_bytes(net)
    assert predicted is not None and predicted > 4 * 4 * 4096 * 4096
    assert sum(made) < 1 << 20


@pytest.mark.parametrize("trainable", [True, False])
def test_maps_whose_offsets_do_not_fit_have_no_prediction(trainable: bool) -> None:
    """Training refuses them, though the sizes of tables are told without their offsets."""
    conv = {"type": "conv", "out_channels": 8, "kernel_size": 3, "stride": 2, "trainable": trainable}
    layers = [conv, {"type": "global_avg_pool"}, {"type": "flatten"}, {"type": "linear", "out_features": 2}]
    known, unknown = (build(parse({"input": {"shape": [25, side, side]}, "layers": layers})) for side in (200, 1800))
    assert training_bytes(known)
    assert training_bytes(unknown) is None
