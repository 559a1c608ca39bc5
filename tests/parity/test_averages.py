"""The averages that a trainer keeps beside those of torch.optim.swa_utils.AveragedModel, of the very same weights."""

import numpy as np
import pytest
from networks import FLATTEN, conv, linear, network
from reference_training import SGD, batch

from nbcnn.model import Model
from nbcnn.training.trainer import Trainer

torch = pytest.importorskip("torch")
swa_utils = pytest.importorskip("torch.optim.swa_utils")

NET = network((1, 8, 8), conv(4, 3), {"type": "batch_norm", "activation": "relu"}, FLATTEN, linear(10))


class Arrays(torch.nn.Module):
    """A module that has the arrays of a model, and computes nothing."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        for key, value in model.parameters.items():
            self.register_parameter(key.replace(".", "_"), torch.nn.Parameter(torch.from_numpy(value.copy())))
        for key, value in model.buffers.items():
            self.register_buffer(key.replace(".", "_"), torch.from_numpy(value.copy()))

    def take(self, model: Model) -> None:
        with torch.no_grad():
            for key, value in {**model.parameters, **model.buffers}.items():
                getattr(self, key.replace(".", "_")).copy_(torch.from_numpy(value))


@pytest.mark.parametrize("decay", [0.5, 0.9, 0.999])
def test_averages_are_those_of_an_averaged_model_with_buffers(decay: float) -> None:
    model = Model(NET, seed=1)
    trainer = Trainer(model, optimizer=SGD, ema={"decay": decay})
    module = Arrays(model)
    theirs = swa_utils.AveragedModel(module, multi_avg_fn=swa_utils.get_ema_multi_avg_fn(decay), use_buffers=True)
    for number in range(8):
        trainer.step(*batch(NET, 20, seed=number))
        module.take(model)
        theirs.update_parameters(module)
    assert trainer.averaged is not None
    ours = {**trainer.averaged.parameters, **trainer.averaged.buffers}
    assert len(ours) == 8
    for key, value in ours.items():
        expected = getattr(theirs.module, key.replace(".", "_")).detach().numpy()
        # Each update rounds three times, at most by 2**-24 of the largest number.
        np.testing.assert_allclose(value, expected, rtol=0, atol=8 * 3 * 2.0**-24 * np.abs(expected).max(), err_msg=key)
        assert not np.array_equal(value, {**model.parameters, **model.buffers}[key])
