"""What the layers that treat every element by itself have in common."""

from nbcnn.layers.axes import Shape
from nbcnn.layers.base import Layer


class Elementwise(Layer):
    """Any shape to the same shape."""

    def output_shape(self, shape: Shape) -> Shape:
        return shape


class Activation(Elementwise):
    """A function that needs no setting, so that `activation = "..."` on another layer can stand for it."""
