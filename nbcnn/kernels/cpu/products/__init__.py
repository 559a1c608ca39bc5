"""Convolutions and linear layers: the tiles that multiply, and the ways in which they are walked."""
