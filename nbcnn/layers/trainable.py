"""What the layers with parameters have in common."""

from pydantic import Field

from nbcnn.layers.axes import Shape
from nbcnn.layers.base import Layer
from nbcnn.layers.fields import NonNegative


class Trainable(Layer):
    """A layer whose parameters training changes, and how it does so where that is not the optimizer's business."""

    trainable: bool = Field(True, description="false: the layer keeps its weights in training.")
    lr: NonNegative | None = Field(
        None, description="A learning rate of its own in the place of the optimizer's; the schedule scales it alike."
    )

    def sharing(self, name: str, shape: Shape) -> int:
        """How many positions of a sample share parameter `name`, where a kernel carries it over all of them."""
        return 1
