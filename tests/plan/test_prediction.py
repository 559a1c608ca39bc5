"""What a report says that training takes is what a plan then takes, and it is known without compiling anything."""

from pathlib import Path

import numpy as np
import pytest
from networks import named

from nbcnn import api
from nbcnn.model import Model
from nbcnn.network import Network, build
from nbcnn.plan.memory import training_bytes
from nbcnn.spec import parse, parse_optimizer
from nbcnn.spec.model import Engine, Train
from nbcnn.training.trainer import Trainer

ROOT = Path(__file__).parents[2]
WORKLOADS = sorted((ROOT / "benchmarks" / "workloads").glob("*.toml"))


def held(net: Network) -> int:
    """Bytes of the arrays of a model and a trainer."""
    table = net.spec.train
    model = Model(net)
    trainer = Trainer(model, table.loss, table.optimizer.model_dump(), table.batch_size)
    arrays = [*model.parameters.values(), *model.buffers.values(), *trainer.state().values()]
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
    assert training_bytes(net) == pytest.approx(held(net), rel=0.05)


@pytest.mark.parametrize("path", WORKLOADS, ids=lambda path: path.stem)
def test_checkpointing_never_takes_more_and_much_less_in_deep_networks(path: Path) -> None:
    plain, again = (
        api.build(api.load_spec(path, {"engine.checkpointing": wanted})).report()["totals"]["training_bytes"]
        for wanted in (False, True)
    )
    assert again <= 1.01 * plain
    if path.stem in ("w5", "w7"):
        assert again < 0.6 * plain


def test_maps_too_large_to_plan_have_no_prediction() -> None:
    layers = [{"type": "conv", "out_channels": 2, "kernel_size": 3}, {"type": "global_avg_pool"}, {"type": "flatten"}]
    net = build(parse({"input": {"shape": [1, 40_000, 40_000]}, "layers": layers}))
    assert training_bytes(net) is None
    net = build(parse({"input": {"shape": [3, 5000, 5000]}, "layers": layers[1:]}))
    assert training_bytes(net) is None


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
