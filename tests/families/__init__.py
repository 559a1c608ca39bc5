"""The tables of layer examples, one file per family of operations.

Each has EXAMPLES (adding a layer adds a row), STRATEGIES that draw random ones, and TORCH: the operation in PyTorch.
"""
