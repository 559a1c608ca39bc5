"""What the pools share that make one number of a channel."""

from nbcnn.layers.axes import Shape
from nbcnn.layers.base import Layer


class GlobalPool(Layer):
    """(channels, *space) to (channels, 1, ...): the axes stay, and `flatten` makes features of the channels."""

    def output_shape(self, shape: Shape) -> Shape:
        return (shape[0], *(1 for _ in self.space_of(shape)))

    def window(self, shape: Shape) -> None:
        """None: the window is all there is."""
