"""What splits are called in folders and tables."""

SPLITS = {"train": "train", "validation": "validation", "valid": "validation", "val": "validation", "test": "test"}
