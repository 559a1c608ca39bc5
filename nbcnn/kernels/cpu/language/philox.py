"""Random numbers by counter: words follow from a counter and a key, and not from an order of drawing."""

import numpy as np

from nbcnn.kernels.cpu.language.later import njit

LOW = np.uint64(0xFFFFFFFF)


@njit
def philox(c0, c1, c2, c3, k0, k1):
    """Philox4x32-10 (Salmon et al., SC 2011, section 3.3): four words, in 64 bits each, from a counter and a key."""
    for _ in range(10):
        high = np.uint64(0xD2511F53) * np.uint64(c0)
        low = np.uint64(0xCD9E8D57) * np.uint64(c2)
        c0 = (low >> np.uint64(32)) ^ c1 ^ k0
        c1 = low & LOW
        c2 = (high >> np.uint64(32)) ^ c3 ^ k1
        c3 = high & LOW
        k0 = (k0 + np.uint64(0x9E3779B9)) & LOW
        k1 = (k1 + np.uint64(0xBB67AE85)) & LOW
    return c0, c1, c2, c3
