"""Kernels for few samples: the lanes of a vector are channels of one sample, where elsewhere they are samples.

An activation lies as `[block of channels][depth][row][column][lane]`, which is an Activation with one "channel" for
every block of channels. Whatever treats all lanes and all channels alike therefore serves it as it is; what tells
channels apart has a file of its own here. Weights are constants, packed when the program is made.
"""
