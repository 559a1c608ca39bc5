"""Trains the same spec on 1, 2 and 4 threads with 0 and 4 loader threads, and compares every bit that comes of it.

    python tools/trust/determinism.py --steps 1000
    python tools/trust/determinism.py --network wide --steps 100
    python tools/trust/determinism.py --network mobile --steps 100
    python tools/trust/determinism.py --lanes

Each run is a process of its own; one more is stopped by SIGTERM in the middle of an epoch and resumed with other
numbers of threads. Compared are SHA-256 over the weights, running statistics, averages and optimiser state in last.h5,
and over every loss and figure of the history. With --lanes runs of 4, 8 and 16 lanes are compared instead, which differ
in rounding: how far outputs of the same weights lie apart, and losses after so many steps.
"""

import argparse
import hashlib
import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np

import nbcnn
from nbcnn.errors import Interrupted

THREADS, LOADERS = (1, 2, 4), (0, 4)
LANES = (4, 8, 16)
TIMES = {"seconds", "images_per_second", "input_wait"}
NORMED = {"type": "batch_norm", "activation": "relu"}
# Of every family of kernels that sums over samples or draws random numbers; of convolutions the direct ones, products
# with Winograd's method beside wide linear layers, and depthwise ones.
NETWORKS: dict[str, dict[str, Any]] = {
    "small": {
        "input": {"shape": [1, 8, 8]},
        "layers": [
            {"type": "conv", "out_channels": 12, "kernel_size": 3, "padding": 1, "bias": False},
            NORMED,
            {"type": "max_pool", "kernel_size": 2},
            {"type": "channel_dropout", "p": 0.1},
            {"type": "conv", "out_channels": 20, "kernel_size": 3, "padding": 1, "activation": "silu"},
            {"type": "layer_norm"},
            {"type": "avg_pool", "kernel_size": 2},
            {"type": "flatten"},
            {"type": "dropout", "p": 0.2},
            {"type": "linear", "out_features": 10},
        ],
        "data": {"source": "digits"},
        "augment": [
            {"type": "random_crop", "padding": 1},
            {"type": "gaussian_noise", "sigma": 0.05},
            {"type": "mixup", "alpha": 0.2},
        ],
        "train": {
            "batch_size": 50,
            "optimizer": {"type": "adam", "lr": 0.003},
            "schedule": {"type": "cosine", "warmup_epochs": 1},
            "ema": {"decay": 0.99},
        },
    },
    "wide": {
        "input": {"shape": [3, 16, 16]},
        "layers": [
            {"type": "conv", "out_channels": 64, "kernel_size": 3, "padding": 1},
            NORMED,
            {"type": "conv", "out_channels": 128, "kernel_size": 3, "padding": 1, "activation": "relu"},
            {"type": "max_pool", "kernel_size": 2},
            {"type": "conv", "out_channels": 128, "kernel_size": 3, "padding": 1},
            NORMED,
            {"type": "max_pool", "kernel_size": 4},
            {"type": "flatten"},
            {"type": "linear", "out_features": 512, "activation": "relu"},
            {"type": "dropout", "p": 0.5},
            {"type": "linear", "out_features": 10},
        ],
        "train": {
            "batch_size": 40,
            "optimizer": {"type": "sgd", "lr": 0.02, "momentum": 0.9},
            "clip_grad_norm": 1.0,
            "accumulation_steps": 2,
        },
    },
    "mobile": {
        "input": {"shape": [3, 16, 16]},
        "layers": [
            {"type": "conv", "out_channels": 16, "kernel_size": 3, "padding": 1, "stride": 2, "bias": False},
            NORMED,
            {"type": "conv", "out_channels": 16, "kernel_size": 3, "padding": 1, "groups": 16, "bias": False},
            NORMED,
            {"type": "conv", "out_channels": 48, "kernel_size": 1, "bias": False},
            NORMED,
            {"type": "conv", "out_channels": 48, "kernel_size": 3, "padding": 1, "groups": 48, "stride": 2},
            NORMED,
            {"type": "conv", "out_channels": 96, "kernel_size": 1, "bias": False},
            NORMED,
            {"type": "global_avg_pool"},
            {"type": "flatten"},
            {"type": "linear", "out_features": 10},
        ],
        "augment": [{"type": "horizontal_flip"}],
        "train": {"batch_size": 40, "optimizer": {"type": "adamw", "lr": 0.003}, "ema": {"decay": 0.9, "warmup": True}},
    },
}
# Samples that are drawn where a network has no data: blurred noise about a pattern for each class, so that losses fall.
DRAWN = 650


def draw(path: Path, shape: list[int]) -> None:
    random = np.random.default_rng(0)
    labels = random.integers(0, 10, DRAWN)
    patterns = random.standard_normal((10, *shape), dtype=np.float32)
    x = patterns[labels] + 2 * random.standard_normal((DRAWN, *shape), dtype=np.float32)
    np.savez(path, x_train=x, y_train=labels)


def spec_of(name: str, steps: int, seed: int, folder: Path) -> dict[str, Any]:
    """The spec of a network, with epochs for so many steps or a few more."""
    spec = json.loads(json.dumps(NETWORKS[name]))
    if "data" not in spec:
        draw(folder / "data.npz", spec["input"]["shape"])
        spec["data"] = {"source": str(folder / "data.npz")}
    samples = 1298 if spec["data"]["source"] == "digits" else round(0.9 * DRAWN)
    together = spec["train"]["batch_size"] * spec["train"].get("accumulation_steps", 1)
    spec["train"] |= {"seed": seed, "epochs": -(-steps // -(-samples // together))}
    return spec


class StopAt(nbcnn.Callback):
    """Sends this process SIGTERM after a step."""

    def __init__(self, step: int) -> None:
        self._step = step

    def on_batch_end(self, training: Any, loss: float) -> None:
        if training.step == self._step:
            os.kill(os.getpid(), signal.SIGTERM)


def run_one(order: dict[str, Any]) -> dict[str, Any]:
    """Train as told, in this process; the steps taken and the fingerprints of what is in the folder."""
    out = Path(order["out"])
    path = out.with_name("spec.json")
    path.write_text(json.dumps(order["spec"]))
    spec = nbcnn.load_spec(path, overrides={"data.loader_threads": order["loaders"]})
    callbacks = [StopAt(order["stop_at"])] if order["stop_at"] else []
    try:
        nbcnn.train(spec, out=out, threads=order["threads"], resume=order["resume"], callbacks=callbacks)
    except Interrupted:
        return {}
    rows = [json.loads(line) for line in (out / "history.jsonl").read_text().splitlines()]
    untimed = [{key: value for key, value in row.items() if key not in TIMES} for row in rows]
    x = np.random.default_rng(1).standard_normal((64, *spec.input.shape), dtype=np.float32)
    network = nbcnn.build(spec)
    first = nbcnn.Model(network, seed=0)(x)
    np.save(out / "first.npy", first)
    return {
        "steps": json.loads((out / "run.json").read_text())["starts"][-1]["last_step"],
        "arrays": digest_of(out / "last.h5"),
        "history": hashlib.sha256(json.dumps(untimed).encode()).hexdigest(),
        "losses": [row["loss"] for row in rows],
    }


def digest_of(path: Path) -> str:
    """The SHA-256 of all arrays in an HDF5 file, with their names."""
    digest = hashlib.sha256()

    def add(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            digest.update(f"{name}{item.shape}".encode())
            digest.update(np.ascontiguousarray(item[()]).tobytes())

    with h5py.File(path) as file:
        file.visititems(add)
    return digest.hexdigest()


def run(folder: Path, spec: dict[str, Any], name: str, *, lanes: int | None = None, **order: Any) -> dict[str, Any]:
    """One run in a process of its own."""
    order = {"spec": spec, "out": str(folder / name), "resume": False, "stop_at": 0, **order}
    environment = os.environ | {"NUMBA_NUM_THREADS": str(max(THREADS))}
    environment |= {"NBCNN_LANES": str(lanes)} if lanes else {}
    command = [sys.executable, __file__, "--one", json.dumps(order)]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def compare_threads(name: str, steps: int, seed: int, folder: Path) -> int:
    """All runs of one network; how many differ from the first."""
    spec = spec_of(name, steps, seed, folder)
    found = {}
    for threads, loaders in itertools.product(THREADS, LOADERS):
        label = f"{threads} threads, {loaders} loaders"
        found[label] = run(folder, spec, label, threads=threads, loaders=loaders)
        print(f"{name}: {label}: {found[label]['steps']} steps, arrays {found[label]['arrays'][:16]}", flush=True)
    label = "stopped and resumed"
    run(folder, spec, label, threads=2, loaders=4, stop_at=max(1, 2 * steps // 5))
    found[label] = run(folder, spec, label, threads=1, loaders=0, resume=True)
    print(f"{name}: {label}: {found[label]['steps']} steps, arrays {found[label]['arrays'][:16]}", flush=True)
    first = next(iter(found.values()))
    different = [label for label, each in found.items() if each != first]
    print(f"{name}: {len(found)} runs of {first['steps']} steps, {len(found) - len(different)} with the same bits")
    return len(different)


def compare_lanes(name: str, steps: int, seed: int, folder: Path) -> None:
    """How far runs with other lanes lie from one with the most."""
    spec = spec_of(name, steps, seed, folder)
    found = {lanes: run(folder, spec, f"{lanes} lanes", lanes=lanes, threads=2, loaders=4) for lanes in LANES}
    most = max(LANES)
    reference = np.load(folder / f"{most} lanes" / "first.npy").astype(np.float64)
    for lanes in LANES:
        outputs = np.load(folder / f"{lanes} lanes" / "first.npy")
        apart = np.abs(outputs - reference).max() / np.abs(reference).max()
        losses, others = (found[each]["losses"] for each in (lanes, most))
        change = max(abs(loss / other - 1) for loss, other in zip(losses, others, strict=True))
        print(
            f"{name}: {lanes} lanes beside {most}: first outputs {apart:.1e} of the largest apart, an epoch's loss "
            f"at most {change:.1e}, the last {losses[-1]:.6f} and {others[-1]:.6f}, after {found[lanes]['steps']} steps"
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", choices=[*NETWORKS], default="small")
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--lanes", action="store_true", help="compare 4, 8 and 16 lanes, for 100 steps")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(run_one(json.loads(options.one))))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        if options.lanes:
            compare_lanes(options.network, 100, options.seed, Path(folder))
            return 0
        return int(compare_threads(options.network, options.steps, options.seed, Path(folder)) > 0)


if __name__ == "__main__":
    sys.exit(main())
