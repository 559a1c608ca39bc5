"""Some of the channels, as where ShuffleNet v2 parts them in halves."""

from typing import Annotated, Any, Literal

from pydantic import Field

from nbcnn.layers.axes import Shape
from nbcnn.layers.base import Layer
from nbcnn.layers.fields import LARGEST, Expects, Size
from nbcnn.layers.problems import Code, Problem


class ChannelSlice(Layer):
    """(channels, *space) to (stop - start, *space): channel `start` up to, not with, `stop`."""

    type: Literal["channel_slice"]
    start: Annotated[
        int,
        Field(ge=0, le=LARGEST, description="The first channel; channels are numbered from 0."),
        Expects(f"a whole number from 0 to {LARGEST}"),
    ] = 0
    stop: Size | None = Field(None, description="One beyond the last channel; by default all that are left.")

    def output_shape(self, shape: Shape) -> Shape:
        start, stop = sliced(self.start, self.stop, shape[0])
        return (stop - start, *shape[1:])

    def channels_read(self, shape: Shape) -> list[range]:
        return [range(channel, channel + 1) for channel in range(*sliced(self.start, self.stop, shape[0]))]

    def attributes(self, shape: Shape) -> dict[str, Any]:
        start, stop = sliced(self.start, self.stop, shape[0])
        return {"start": start, "stop": stop}


def sliced(start: int, stop: int | None, channels: int) -> tuple[int, int]:
    """Start and stop as numbers; raises Problem where they take no channel, or others than there are."""
    end = channels if stop is None else stop
    if 0 <= start < end <= channels:
        return start, end
    raise Problem(
        Code.WRONG_VALUE,
        f"channels from start = {start} up to stop = {end} are not among the {channels} that there are",
        f"use 0 <= start < stop <= {channels}",
        "start" if start >= channels or end <= channels else "stop",
    )
