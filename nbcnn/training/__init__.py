"""Training a network: epochs, batches, schedules, metrics, checkpoints and the run's folder.

The room is not called `train`, because `nbcnn.train` is the function: importing a sub-package of that name would hide it.
"""
