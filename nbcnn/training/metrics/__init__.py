"""Measures of a model's outputs beside the targets: each is told of a data set part by part, then gives its figures."""
