"""Training a network: epochs, batches, schedules, metrics, checkpoints and the run's folder.

The room is not called `train`, because importing a sub-package of that name would hide the function `nbcnn.train`.
"""
