"""Every operation on plain NumPy arrays, named and parameterised as in `torch.nn.functional`.

One function serves one, two and three spatial axes; arrays are (N, C, *space), float32 inside. These run the same
kernels that training runs. `vjp` gives an operation's result together with its way back.
"""

from nbcnn.functional.activations import (
    elu,
    gelu,
    hard_sigmoid,
    hard_swish,
    leaky_relu,
    mish,
    prelu,
    relu,
    relu6,
    scale,
    selu,
    sigmoid,
    silu,
    softplus,
    tanh,
)
from nbcnn.functional.calling import vjp
from nbcnn.functional.convolutions import conv, conv_transpose, linear
from nbcnn.functional.dropouts import channel_dropout, dropout, stochastic_depth
from nbcnn.functional.losses import (
    binary_cross_entropy_with_logits,
    cross_entropy,
    huber_loss,
    l1_loss,
    mse_loss,
    nll_loss,
)
from nbcnn.functional.merging import add, concat, multiply
from nbcnn.functional.norms import batch_norm, group_norm, instance_norm, layer_norm, local_response_norm
from nbcnn.functional.pools import (
    adaptive_avg_pool,
    adaptive_max_pool,
    avg_pool,
    global_avg_pool,
    global_max_pool,
    kmax_pool,
    lp_pool,
    max_pool,
    min_pool,
)
from nbcnn.functional.resampling import crop, pad, upsample
from nbcnn.functional.shapes import channel_shuffle, channel_slice, flatten, reshape
from nbcnn.functional.softmaxes import log_softmax, softmax

__all__ = [
    "adaptive_avg_pool",
    "adaptive_max_pool",
    "add",
    "avg_pool",
    "batch_norm",
    "binary_cross_entropy_with_logits",
    "channel_dropout",
    "channel_shuffle",
    "channel_slice",
    "concat",
    "conv",
    "conv_transpose",
    "crop",
    "cross_entropy",
    "dropout",
    "elu",
    "flatten",
    "gelu",
    "global_avg_pool",
    "global_max_pool",
    "group_norm",
    "hard_sigmoid",
    "hard_swish",
    "huber_loss",
    "instance_norm",
    "kmax_pool",
    "l1_loss",
    "layer_norm",
    "leaky_relu",
    "linear",
    "local_response_norm",
    "log_softmax",
    "lp_pool",
    "max_pool",
    "min_pool",
    "mish",
    "mse_loss",
    "multiply",
    "nll_loss",
    "pad",
    "prelu",
    "relu",
    "relu6",
    "reshape",
    "scale",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "stochastic_depth",
    "tanh",
    "upsample",
    "vjp",
]
