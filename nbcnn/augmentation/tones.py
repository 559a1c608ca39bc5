"""What is done to an image's colours and brightness, as `torchvision.transforms.v2.functional` does it.

Bytes are rounded after each, where torchvision cuts; a number is otherwise a share of the brightest, from 0 to 1.
"""

import numpy as np
from numba import njit

from nbcnn.augmentation.compiled import compiled

BRIGHTNESS, CONTRAST, SATURATION, HUE, SHARPNESS, POSTERIZE, SOLARIZE, AUTOCONTRAST, EQUALIZE = range(9)

_f = np.float32


@njit
def _put(image, channel, row, column, value, one, rounding):
    """Write a number as a pixel holds it, from 0 to the brightest."""
    image[channel, row, column] = min(max(value, _f(0.0)), one) + rounding


@njit
def _grey(image, row, column):
    """The luma of ITU-R BT.601; of other than three channels the mean."""
    if image.shape[0] != 3:
        total = _f(0.0)
        for channel in range(image.shape[0]):
            total += image[channel, row, column]
        return total / _f(image.shape[0])
    red, green, blue = image[0, row, column], image[1, row, column], image[2, row, column]
    return _f(0.2989) * red + _f(0.587) * green + _f(0.114) * blue


@njit
def _blend(image, code, factor, one, rounding):
    """Away from black (brightness), from the mean grey (contrast) or from each pixel's grey (saturation)."""
    channels, rows, columns = image.shape
    other = np.zeros(columns, np.float32)
    if code == CONTRAST:
        mean = 0.0
        for row in range(rows):
            for column in range(columns):
                mean += _grey(image, row, column)
        other[:] = mean / (rows * columns)
    for row in range(rows):
        if code == SATURATION:
            for column in range(columns):
                other[column] = _grey(image, row, column)
        for channel in range(channels):
            for column in range(columns):
                value = other[column] + factor * (image[channel, row, column] - other[column])
                _put(image, channel, row, column, value, one, rounding)


@njit(error_model="numpy")
def _turn_hue(image, turn, one, rounding):
    """By way of hue, saturation and value (A. Smith, SIGGRAPH 1978); grey stays as it is."""
    _, rows, columns = image.shape
    for row in range(rows):
        for column in range(columns):
            red, green, blue = _f(image[0, row, column]), _f(image[1, row, column]), _f(image[2, row, column])
            highest, lowest = max(red, green, blue), min(red, green, blue)
            spread = highest - lowest
            if spread <= _f(0.0):
                continue
            if highest == red:
                sixth = (green - blue) / spread
            elif highest == green:
                sixth = _f(2.0) + (blue - red) / spread
            else:
                sixth = _f(4.0) + (red - green) / spread
            # From -1 to 5, and a turn is at most half the circle.
            sixth += _f(6.0) * turn
            if sixth < _f(0.0):
                sixth += _f(6.0)
            elif sixth >= _f(6.0):
                sixth -= _f(6.0)
            for channel in range(3):
                # How far the channel is from its sixth of the circle: it is full within one, and empty beyond two.
                away = abs(sixth - _f(2.0 * channel))
                away = min(away, _f(6.0) - away)
                value = highest - spread * min(max(away - _f(1.0), _f(0.0)), _f(1.0))
                _put(image, channel, row, column, value, one, rounding)


@njit
def _sharpen(image, factor, one, rounding):
    """Away from the mean of the nine pixels around, of which the middle one counts 5; the border stays."""
    channels, rows, columns = image.shape
    above, here = np.empty(columns, np.float32), np.empty(columns, np.float32)
    for channel in range(channels):
        for column in range(columns):
            above[column] = image[channel, 0, column]
        for row in range(1, rows - 1):
            for column in range(columns):
                here[column] = image[channel, row, column]
            for column in range(1, columns - 1):
                total = _f(4.0) * here[column]
                for beside in range(column - 1, column + 2):
                    total += above[beside] + here[beside] + image[channel, row + 1, beside]
                blurred = total / _f(13.0)
                value = blurred + factor * (here[column] - blurred)
                _put(image, channel, row, column, value, one, rounding)
            for column in range(columns):
                above[column] = here[column]


@njit
def _map(image, channel, table):
    """Every byte of a channel by a table."""
    for row in range(image.shape[1]):
        for column in range(image.shape[2]):
            image[channel, row, column] = table[image[channel, row, column]]


@njit(error_model="numpy")
def _stretch(image):
    """The darkest byte of each channel becomes 0 and the brightest 255."""
    channels, rows, columns = image.shape
    table = np.empty(256, np.uint8)
    for channel in range(channels):
        low, high = 255, 0
        for row in range(rows):
            for column in range(columns):
                value = int(image[channel, row, column])
                low, high = min(low, value), max(high, value)
        if high > low:
            for value in range(low, high + 1):
                table[value] = (value - low) * 255.0 / (high - low) + 0.5
            _map(image, channel, table)


@njit
def _equalize(image):
    """Every byte of a channel becomes about as frequent as any other: Pillow's ImageOps.equalize."""
    channels, rows, columns = image.shape
    table = np.empty(256, np.uint8)
    for channel in range(channels):
        counts = np.zeros(256, np.int64)
        last = 0
        for row in range(rows):
            for column in range(columns):
                value = int(image[channel, row, column])
                counts[value] += 1
                last = max(last, value)
        step = (rows * columns - counts[last]) // 255
        if step:
            total = step // 2
            for value in range(256):
                table[value] = min(total // step, 255)
                total += counts[value]
            _map(image, channel, table)


@compiled("void(T[:,:,:,::1],int64[::1],int64[::1],float64[::1],float32,float32)")
def tone(images, chosen, codes, amounts, one, rounding):
    """To each chosen image what its code says: factors of brightness, contrast and saturation, and turns of the hue."""
    for number in range(len(chosen)):
        image, amount = images[chosen[number]], _f(amounts[number])
        if codes[number] == HUE:
            _turn_hue(image, amount, one, rounding)
        else:
            _blend(image, codes[number], amount, one, rounding)


@compiled("void(T[:,:,:,::1],int64[::1],int64[::1],float64[::1])")
def tone_bytes(images, chosen, codes, amounts):
    """As `tone`, and what is for bytes alone.

    The amount of POSTERIZE is how many bits stay, of SOLARIZE the byte from which on light and dark change places.
    """
    table = np.empty(256, np.uint8)
    for number in range(len(chosen)):
        image, code, amount = images[chosen[number]], codes[number], amounts[number]
        if code in (POSTERIZE, SOLARIZE):
            for value in range(256):
                if code == POSTERIZE:
                    table[value] = value >> (8 - int(amount)) << (8 - int(amount))
                else:
                    table[value] = value if value < amount else 255 - value
            for channel in range(image.shape[0]):
                _map(image, channel, table)
        elif code == AUTOCONTRAST:
            _stretch(image)
        elif code == EQUALIZE:
            _equalize(image)
        elif code == SHARPNESS:
            _sharpen(image, _f(amount), _f(255.0), _f(0.5))
        else:
            _blend(image, code, _f(amount), _f(255.0), _f(0.5))
