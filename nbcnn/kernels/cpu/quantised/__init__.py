"""Kernels of inference in whole numbers: activations are bytes, weights signed bytes, sums 32-bit integers.

Channels are lanes, as in `by_channel`, so four channels of a pixel are one 32-bit word, which is what the processor's
instruction for products of bytes takes. Several samples lie in one activation, as planes of its first axis, which
networks over one or two axes do not use: a tile may hold pixels of all of them, and weights are read once for all.
"""
