"""All that training and predicting with a spec compiles, compiled ahead."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nbcnn import network as networks
from nbcnn.augmentation.augmentation import Augmentation
from nbcnn.errors import InputError
from nbcnn.kernels.cpu.compiling.cache import bytes_on_disk, is_cached
from nbcnn.kernels.cpu.compiling.compiling import compile_all
from nbcnn.kernels.cpu.compiling.folders import folders
from nbcnn.model import chunk
from nbcnn.network import Network
from nbcnn.plan.memory import inference_outline, training_outline
from nbcnn.plan.walker import WALKER, walker
from nbcnn.spec import Spec
from nbcnn.training.events import Compiling, OnEvent, ignore
from nbcnn.training.losses import summed_loss, wanted_targets


@dataclass(frozen=True)
class Warmth:
    """What is on disk now: `kernels` in `folder`, `compiled` of them since just now, `size` bytes together.

    `folder` is None where compiled code can be kept nowhere.
    """

    folder: Path | None
    kernels: int
    compiled: int
    size: int

    def as_dict(self) -> dict[str, str | int | None]:
        """The object that `nbcnn warmup --format json` prints."""
        folder = None if self.folder is None else str(self.folder)
        return {"folder": folder, "kernels": self.kernels, "compiled": self.compiled, "bytes": self.size}


def warmup(specs: Sequence[Spec], on_event: OnEvent | None = None) -> Warmth:
    """Compile what training, evaluating and predicting with these specs needs; raises InvalidSpec for one of them.

    No data are read, and no more memory is taken than compiling takes.
    """
    report = on_event or ignore
    built = [networks.build(spec) for spec in specs]
    kernels = [
        call.kernel
        for network in built
        for program in (training_outline(network), inference_outline(network, chunk(network)))
        for call in program.calls()
    ]
    identities = {WALKER, *(kernel.identity for kernel in kernels)}
    cold = {identity for identity in identities if not is_cached(identity)}
    compile_all(kernels, lambda kernel, done, total: report(Compiling(kernel, done, total)), meanwhile=walker)
    for network in built:
        _augment_and_measure(network)
    return Warmth(folders().written, len(identities), sum(map(is_cached, cold)), bytes_on_disk(identities))


def _augment_and_measure(network: Network) -> None:
    """Let augmentation change two samples, of either kind of number that data sets hold, and measure their loss."""
    loss = network.spec.train.loss.without_data()
    wanted = wanted_targets(loss, network.output_shape)
    targets = np.zeros((2, *wanted.shape), wanted.dtype)
    summed_loss(loss, np.zeros((2, *network.output_shape), np.float32), targets)
    for kind in (np.uint8, np.float32):
        inputs = np.zeros((2, *network.input_shape), kind)
        with suppress(InputError):  # some suits one kind alone
            augmentation = Augmentation.of(network.spec, network.output_shape, inputs.dtype)
            if augmentation is not None:
                augmentation(inputs, targets.copy(), np.arange(2), epoch=1)
