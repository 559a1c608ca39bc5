"""Train a Ludwig config on a few random images, and print the convolutions that Ludwig has made of it:
`python run_ludwig.py CONFIG`."""

import logging
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas
import yaml
from ludwig.api import LudwigModel
from PIL import Image
from torch import nn

config = yaml.safe_load(Path(sys.argv[1]).read_text())
config |= {"trainer": {"epochs": 1, "batch_size": 8}, "backend": "local"}
(image,) = config["input_features"]
size = image.get("preprocessing", {}).get("height", 28)
with tempfile.TemporaryDirectory() as folder:
    random = np.random.default_rng(0)
    rows = []
    for number in range(40):
        path = Path(folder) / f"{number}.png"
        Image.fromarray(random.integers(0, 256, (size, size), np.uint8)).save(path)
        rows.append({"image": str(path), "label": "ab"[number % 2]})
    model = LudwigModel(config, logging_level=logging.ERROR)
    model.train(dataset=pandas.DataFrame(rows), output_directory=folder)
for module in model.model.modules():
    if isinstance(module, nn.Conv2d):
        print(module)
