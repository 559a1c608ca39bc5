"""The meaning of every operation, in plain NumPy float64: slow, obvious and free of tricks.

Each file holds a function and its gradient, `NAME` and `NAME_gradient`. Arrays are batch first, (N, channels, *space)
with one, two or three spatial axes. A gradient takes (dy, x, y, *parameters) and returns one array per array of the
forward.
Only tests call these; every fast kernel is compared with them.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
