"""Samples a second that each augmentation changes on one thread, and torchvision's transforms in turn where they load.

Batches of 128 images of 3 x 32 x 32 bytes. torchvision draws anew for each call, so that it is called image by image,
as a data set does; only its mixup and cutmix take batches. Every sample is changed (p = 1), except that RandAugment may
draw the operation that does nothing. Batches are copied before each, as in training, on both sides.
"""

import time
from collections.abc import Callable
from typing import Any

import click
import numpy as np
from measuring import Spread, in_turn, machine, print_json, ratio, show_machine, use_cores

IMAGE, BATCH = (3, 32, 32), 128
# Seconds that one turn takes at least.
TURN = 0.2
CLASSES = 10

OPERATIONS: dict[str, tuple[dict[str, Any], Callable[[Any], Any]]] = {
    "horizontal_flip": ({"p": 1.0}, lambda v2: v2.RandomHorizontalFlip(1.0)),
    "vertical_flip": ({"p": 1.0}, lambda v2: v2.RandomVerticalFlip(1.0)),
    "random_crop": ({"padding": 4}, lambda v2: v2.RandomCrop(32, padding=4)),
    "random_resized_crop": ({}, lambda v2: v2.RandomResizedCrop(32, antialias=False)),
    "random_rotation": ({"degrees": 15}, lambda v2: v2.RandomRotation(15)),
    "random_affine": (
        {"degrees": 15, "translate": [0.1, 0.1], "scale": [0.9, 1.1], "shear": 5, "interpolation": "bilinear"},
        lambda v2: v2.RandomAffine(15, (0.1, 0.1), (0.9, 1.1), 5, v2.InterpolationMode.BILINEAR),
    ),
    "random_erasing": ({"p": 1.0}, lambda v2: v2.RandomErasing(1.0)),
    "color_jitter": (
        {"brightness": 0.4, "contrast": 0.4, "saturation": 0.4, "hue": 0.1},
        lambda v2: v2.ColorJitter(0.4, 0.4, 0.4, 0.1),
    ),
    "gaussian_noise": ({"sigma": 0.1}, lambda v2: _noise(v2, 0.1)),
    "rand_augment": ({}, lambda v2: v2.RandAugment()),
    "mixup": ({"alpha": 1.0}, lambda v2: v2.MixUp(alpha=1.0, num_classes=CLASSES)),
    "cutmix": ({"alpha": 1.0}, lambda v2: v2.CutMix(alpha=1.0, num_classes=CLASSES)),
}
OF_BATCHES = ("mixup", "cutmix")


def _noise(v2: Any, sigma: float) -> Any:
    """torchvision adds noise to floating-point numbers alone."""
    import torch

    return v2.Compose([v2.ToDtype(torch.float32, scale=True), v2.GaussianNoise(0.0, sigma)])


def ours(kind: str, settings: dict[str, Any]) -> Callable[[np.ndarray, np.ndarray], object]:
    from nbcnn import spec
    from nbcnn.augmentation.augmentation import Augmentation

    described = spec.parse(
        {
            "input": {"shape": list(IMAGE)},
            "layers": [{"type": "flatten"}, {"type": "linear", "out_features": CLASSES}],
            "augment": [{"type": kind, **settings}],
        }
    )
    augmentation = Augmentation.of(described, (CLASSES,), np.dtype(np.uint8))
    assert augmentation is not None
    indices = np.arange(BATCH, dtype=np.int64)
    return lambda images, labels: augmentation(images.copy(), labels.copy(), indices, 1)


def theirs(kind: str, transform: Any) -> Callable[[np.ndarray, np.ndarray], object]:
    import torch

    if kind in OF_BATCHES:
        # What is mixed must be floating-point numbers for mixup.
        return lambda images, labels: transform(torch.from_numpy(images).float() / 255, torch.from_numpy(labels))
    return lambda images, labels: [transform(image) for image in torch.from_numpy(images.copy())]


def rate(change: Callable[[np.ndarray, np.ndarray], object]) -> Callable[[], float]:
    """Measures samples a second, over calls that take at least so long."""
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (BATCH, *IMAGE), dtype=np.uint8)
    labels = random.integers(0, CLASSES, BATCH)
    change(images, labels)

    def measure() -> float:
        calls, started = 0, time.perf_counter()
        while (passed := time.perf_counter() - started) < TURN or not calls:
            change(images, labels)
            calls += 1
        return BATCH * calls / passed

    return measure


def torchvision() -> Any:
    """`torchvision.transforms.v2` on one thread; None where it does not load."""
    try:
        import torch
        from torchvision.transforms import v2
    except (ImportError, RuntimeError):
        return None
    torch.set_num_threads(1)
    return v2


@click.command(help=__doc__)
@click.option("--operations", default=",".join(OPERATIONS), help="Those to measure; by default all.")
@click.option("--rounds", default=5, show_default=True, help="Turns of each side.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def main(operations: str, rounds: int, as_json: bool) -> None:
    facts = machine(use_cores(1))
    show_machine(facts)
    v2 = torchvision()
    if v2 is None:
        click.echo("torchvision does not load here; nbcnn is measured alone", err=True)
    rows = []
    for kind in operations.split(","):
        if kind not in OPERATIONS:
            raise click.UsageError(f"--operations: {kind} is not known; use some of {', '.join(OPERATIONS)}")
        settings, transform = OPERATIONS[kind]
        contestants = {"nbcnn": rate(ours(kind, settings))}
        if v2 is not None:
            contestants["torchvision"] = rate(theirs(kind, transform(v2)))
        results = in_turn(contestants, rounds)
        row: dict[str, Any] = {"operation": kind, **{name: Spread.of(values) for name, values in results.items()}}
        if v2 is not None:
            row["ratio"] = ratio(results["nbcnn"], results["torchvision"])
        rows.append(row)
        if not as_json:
            line = f"{kind:20} {row['nbcnn'].show():>30}"
            click.echo(line + (f"  torchvision {row['torchvision'].show():>26}  {row['ratio'].show(1)}" if v2 else ""))
    if as_json:
        print_json({"machine": facts, "rows": rows})


if __name__ == "__main__":
    main()
