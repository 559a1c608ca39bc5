"""For each rule a spec in which it finds something, marked by « and », and one that comes near and is right."""

from dataclasses import dataclass

from nbcnn.lint import DataFacts, Surroundings

DIGITS = DataFacts(samples=1442, shape=(1, 8, 8), classes=10)


@dataclass(frozen=True)
class Example:
    """`wrong` has one finding, with the code, at the mark; `near` has none of that code."""

    wrong: str
    near: str
    severity: str = "warning"
    message: str = ""
    surroundings: Surroundings = Surroundings()


def layer(kind: str, *lines: str) -> str:
    return "\n".join(["[[layers]]", f"type = {kind if '«' in kind else chr(34) + kind + chr(34)}", *lines, ""])


def conv(channels: int, kernel: object, *lines: str) -> str:
    return layer("conv", f"out_channels = {channels}", f"kernel_size = {kernel}", *lines)


def linear(features: object, *lines: str) -> str:
    return layer("linear", f"out_features = {features}", *lines)


def block(name: str, *layers: str) -> str:
    return "".join(each.replace("[[layers]]", f"[[blocks.{name}.layers]]") for each in layers)


def marked(kind: str, *lines: str) -> str:
    """A layer whose type is marked: that is where a layer is told that has no key at fault."""
    return layer(f'«"{kind}"»', *lines)


IN = "[input]\nshape = [3, 12, 12]\n"
FLAT = "[input]\nshape = [20, 1]\n" + layer("flatten")
RELU, FLATTEN = layer("relu"), layer("flatten")
RELUS = 'activation = "relu"'
BALANCED_LOSS = 'loss = { type = "cross_entropy", weight = "balanced" }'
HEAD = layer("global_avg_pool") + FLATTEN + linear(10)
BODY = conv(8, 3, RELUS)


def train(*lines: str, table: str = "train") -> str:
    return "\n".join([f"[{table}]", *lines, ""])


def sgd(*lines: str) -> str:
    return train('type = "sgd"', *lines, table="train.optimizer")


def adam(*lines: str) -> str:
    return train('type = "adam"', *lines, table="train.optimizer")


BINARY = train('loss = "binary_cross_entropy_with_logits"')
SHOWN_DIGITS = Surroundings(DIGITS)
DATA = '[data]\nsource = "digits"\n'
SMALL = "[input]\nshape = [1, 8, 8]\n" + conv(8, 3, RELUS)

EXAMPLES = {
    "NB201": Example(
        IN + BODY + marked("max_pool", "kernel_size = 3") + HEAD,
        IN + BODY + layer("max_pool", "kernel_size = 2") + HEAD,
        message="the last 1 of 10 rows and the last 1 of 10 columns are never read",
    ),
    "NB202": Example(
        IN.replace("12, 12", "8, 3")
        + conv(4, 1, 'name = "skips"', "stride = [1, 2]")
        + conv(4, "[1, 2]", 'name = "slides"', 'from = "input"')
        + marked("add", 'from = ["skips", "slides"]'),
        IN
        + conv(4, 3, 'name = "long"', "stride = 2", "padding = 1")
        + conv(4, 1, 'from = "input"', "stride = 2")
        + layer("add", 'from = ["long", "conv2"]'),
        message='columns 2 by "skips", 1 by "slides"',
    ),
    "NB203": Example(
        IN
        + conv(4, 2, 'name = "even"', "padding = [[0, 1], [0, 1]]")
        + conv(4, 3, 'name = "odd"', 'from = "input"', "padding = 1")
        + marked("add", 'from = ["even", "odd"]'),
        IN
        + conv(4, 5, 'name = "five"', "padding = 2")
        + conv(4, 3, 'name = "three"', 'from = "input"', "padding = 1")
        + layer("add", 'from = ["five", "three"]'),
        message='rows 0.5 by "even", 0 by "odd"',
    ),
    "NB204": Example(
        IN + BODY + HEAD + "[blocks.«unused»]\nlayers = [{type = 'relu'}]\n",
        IN + layer("block", 'block = "used"') + HEAD + "[blocks.used]\nlayers = [{type = 'tanh'}]\n",
        message="no layer uses this block",
    ),
    "NB205": Example(
        IN + BODY + HEAD + marked("softmax"),
        IN + BODY + HEAD + layer("softmax") + train('loss = "mse_loss"'),
        message="softmax before cross_entropy",
    ),
    "NB206": Example(
        IN + BODY + HEAD + marked("sigmoid") + BINARY,
        IN + BODY + HEAD + layer("sigmoid") + train('loss = "mse_loss"'),
        message="sigmoid before binary_cross_entropy_with_logits",
    ),
    "NB207": Example(
        IN + BODY + HEAD + 'activation = «"relu"»\n',
        # As in "Network in network": the means of what is not below 0 are the answer.
        IN + conv(10, 3, RELUS) + layer("global_avg_pool") + FLATTEN,
        message="relu before cross_entropy",
    ),
    "NB208": Example(
        IN + BODY + layer("global_avg_pool") + FLATTEN + linear("«1»"),
        IN + BODY + layer("global_avg_pool") + FLATTEN + linear(1) + BINARY,
        message="one output",
    ),
    "NB209": Example(
        IN + BODY + HEAD + marked("dropout", "p = 0.25"),
        IN + BODY + layer("global_avg_pool") + FLATTEN + layer("dropout", "p = 0.25") + linear(10),
        message="sets 25% of the network's answers to 0",
    ),
    "NB210": Example(
        SMALL + layer("global_avg_pool") + FLATTEN + linear("«100»") + DATA,
        SMALL + HEAD + DATA,
        message="100 outputs, the data has 10 classes",
        surroundings=SHOWN_DIGITS,
    ),
    "NB211": Example(
        IN.replace("[3, 12, 12]", "«[3, 12, 12]»") + BODY + HEAD + DATA,
        SMALL + HEAD + DATA,
        message="reads 3 x 12 x 12, the data's samples are 1 x 8 x 8",
        surroundings=SHOWN_DIGITS,
    ),
    "NB212": Example(
        IN + conv(8, 3) + marked("conv", "out_channels = 8", "kernel_size = 3") + RELU + HEAD,
        # Fewer channels between than before and after are a factorisation, as are a depthwise and a pointwise one.
        IN
        + conv(16, 3, RELUS)
        + conv(4, 1)
        + conv(24, 1, RELUS)
        + conv(24, 3, "groups = 24")
        + conv(32, 1, RELUS)
        + HEAD,
        message="no activation between `conv1` and this",
    ),
    "NB213": Example(
        IN + BODY + layer("max_pool", "kernel_size = 2") + marked("relu") + HEAD,
        IN + conv(8, 3, 'activation = "tanh"') + layer("max_pool", "kernel_size = 2") + RELU + HEAD,
        message="relu gives back what it reads",
    ),
    "NB214": Example(
        IN + BODY + marked("tanh") + HEAD,
        IN + BODY + layer("max_pool", "kernel_size = 2") + layer("tanh") + HEAD,
        message="tanh comes directly after relu",
    ),
    "NB215": Example(
        FLAT + linear(20, 'activation = "sigmoid"') * 4 + linear(20, 'activation = «"sigmoid"»') + linear(10),
        FLAT + linear(20, 'activation = "sigmoid"') * 4 + linear(10),
        message="the fifth sigmoid in a row",
    ),
    "NB216": Example(
        FLAT + linear(30, 'initializer = «"he_normal"»', 'activation = "tanh"') + linear(10),
        FLAT + linear(30, 'initializer = "glorot_normal"', 'activation = "tanh"') + linear(10),
        message="he_normal is made for relu, and tanh follows",
    ),
    "NB217": Example(
        FLAT + linear(30, 'initializer = «"glorot_uniform"»', 'activation = "selu"') + linear(10),
        FLAT + linear(30, 'initializer = "lecun_uniform"', 'activation = "selu"') + linear(10),
        message="selu follows",
    ),
    "NB218": Example(
        FLAT + linear(30, 'initializer = «"zeros"»', RELUS) + linear(10),
        FLAT + linear(30, RELUS) + linear(10, 'initializer = "zeros"'),
        message="all 30 outputs start from zeros",
    ),
    "NB219": Example(
        IN + conv(8, 3, "stride = «4»", RELUS) + HEAD,
        # The projection of a residual network: the other branch reads what it skips.
        IN
        + conv(8, 3, 'name = "a"', "stride = 2", "padding = 1", RELUS)
        + conv(8, 1, 'name = "b"', 'from = "input"', "stride = 2")
        + layer("add", 'from = ["a", "b"]', RELUS)
        + HEAD,
        message="63 of 144 positions are never read",
    ),
    "NB220": Example(
        IN + conv(8, "«4»", 'padding = "same"', RELUS) + HEAD,
        IN + conv(8, 4, 'padding = "same"', "stride = 4", RELUS) + HEAD,
        message="with an even window of 4",
    ),
    "NB221": Example(
        IN + conv(8, 3, "padding = 13", "dilation = «13»", RELUS) + HEAD,
        IN + conv(8, 3, "padding = 11", "dilation = 11", RELUS) + HEAD,
        message="8 of its kernel's 9 weights meet nothing but padding",
    ),
    "NB222": Example(
        IN + conv(8, 3, "padding = «3»", RELUS) + HEAD,
        IN + conv(8, 3, "padding = 2", RELUS) + HEAD,
        message="the first 1 and last 1 of 16 rows",
    ),
    "NB223": Example(
        IN + layer("conv_transpose", "out_channels = 4", "kernel_size = «3»", "stride = 2"),
        IN + layer("conv_transpose", "out_channels = 4", "kernel_size = 4", "stride = 2"),
        message="outputs sum 1 or 2 inputs",
    ),
    "NB224": Example(
        IN + BODY + FLATTEN + marked("flatten") + linear(10),
        IN + BODY + layer("adaptive_avg_pool", "output_size = 14") + FLATTEN + linear(10),
        message="flat already",
    ),
    "NB225": Example(
        "[input]\nshape = [3, 64, 64]\n" + conv(8, 3, 'activation = «"relu"»') + HEAD,
        "[input]\nshape = [3, 64, 64]\n" + conv(8, 3, RELUS) + FLATTEN + linear(10),
        "info",
        message="see 3 of 64 rows and 3 of 64 columns",
    ),
    "NB226": Example(
        "[input]\nshape = [3, 4, 4]\n"
        + conv(8, 5, "padding = 2", RELUS)
        + marked("conv", "out_channels = 8", "kernel_size = 3", "padding = 1", RELUS)
        + conv(8, 3, "padding = 1", RELUS) * 4
        + HEAD,
        "[input]\nshape = [3, 12, 12]\n" + conv(8, 3, "padding = 1", RELUS) * 8 + HEAD,
        "info",
        message="5 of 6 convolutions",
    ),
    "NB227": Example(
        IN + conv(8, 1, RELUS) + conv(8, 3, "groups = 4", RELUS) + conv(8, 3, "groups = «4»", RELUS) + HEAD,
        IN
        + conv(8, 1, RELUS)
        + conv(8, 3, "groups = 4", RELUS)
        + layer("channel_shuffle", "groups = 4")
        + conv(8, 3, "groups = 4", RELUS)
        + HEAD,
        message="its 4 groups are those of `conv2`",
    ),
    "NB228": Example(
        FLAT + linear(30, RELUS) + linear("«1»", RELUS) + linear(10),
        # A gate of one channel: the features go on beside it.
        IN
        + conv(8, 3, RELUS, 'name = "map"')
        + conv(1, 1, 'activation = "sigmoid"', 'name = "gate"')
        + layer("concat", 'from = ["map", "gate"]')
        + HEAD,
        message="makes one channel of 30, from which `linear3` makes 10",
    ),
    "NB229": Example(
        "[input]\nshape = [8, 40, 40]\n" + FLATTEN + marked("linear", "out_features = 100", RELUS) + linear(10),
        "[input]\nshape = [8, 30, 30]\n" + FLATTEN + linear(100, RELUS) + linear(10),
        "info",
        message="holds 1,280,100 of the network's 1,281,110 parameters, 100%",
    ),
    "NB230": Example(
        IN + conv(8, 3, "bias = «true»") + layer("batch_norm", RELUS) + HEAD,
        IN + conv(8, 3, "bias = false") + layer("batch_norm", RELUS) + HEAD,
        message="its bias has no effect",
    ),
    "NB231": Example(
        IN + BODY + marked("dropout") + conv(8, 3, "bias = false") + layer("batch_norm", RELUS) + HEAD,
        IN + conv(8, 3, "bias = false") + layer("batch_norm", RELUS) + layer("dropout") + HEAD,
        message="dropout with p = 0.5 before `batch_norm1`",
    ),
    "NB232": Example(
        IN + conv(8, 3, "bias = false") + layer("batch_norm") + marked("layer_norm", RELUS) + HEAD,
        IN + conv(8, 3, "bias = false") + layer("batch_norm", RELUS) + layer("layer_norm") + HEAD,
        message="layer_norm directly after batch_norm",
    ),
    "NB233": Example(
        IN + BODY + layer("group_norm", "num_groups = «8»") + HEAD,
        IN + BODY + layer("group_norm", "num_groups = 4") + HEAD,
        "info",
        message="this is instance_norm",
    ),
    "NB234": Example(
        IN + BODY + layer("batch_norm") + HEAD + train("batch_size = «1»"),
        IN + BODY + layer("group_norm", "num_groups = 4") + HEAD + train("batch_size = 1"),
        message="from one sample at a time",
    ),
    "NB235": Example(
        IN + BODY + layer("batch_norm") + HEAD + train("batch_size = «4»"),
        IN + BODY + layer("batch_norm") + HEAD + train("batch_size = 5"),
        "info",
        message="from 4 samples at a time",
    ),
    "NB236": Example(
        FLAT + linear(100, RELUS) + layer("dropout", "p = «0.95»") + linear(10),
        FLAT + linear(100, RELUS) + layer("dropout", "p = 0.8") + linear(10),
        message="p = 0.95 keeps 5.0% of 100 numbers, about 5",
    ),
    "NB237": Example(
        IN + BODY + HEAD + adam("lr = «0.1»"),
        IN + BODY + HEAD + adam("lr = 0.01"),
        message="0.1 is 100 times the 0.001 that adam usually takes",
    ),
    "NB238": Example(
        IN + BODY + HEAD + adam("weight_decay = «0.01»"),
        IN + BODY + HEAD + adam("weight_decay = 0.01").replace("adam", "adamw"),
        "info",
        message="adam then divides by its size",
    ),
    "NB239": Example(
        IN + BODY + HEAD + sgd("lr = 0.1", "momentum = 0.9", "weight_decay = «0.05»"),
        IN + BODY + HEAD + sgd("lr = 0.1", "momentum = 0.9", "weight_decay = 0.005"),
        message="0.05 alone halves every weight in 14 steps",
    ),
    "NB240": Example(
        IN + BODY + HEAD + train("epochs = 10") + train('type = "step"', "step_size = «10»", table="train.schedule"),
        IN + BODY + HEAD + train("epochs = 10") + train('type = "step"', "step_size = 9", table="train.schedule"),
        message="the run has 10 epochs, so the learning rate never changes",
    ),
    "NB241": Example(
        IN + conv(8, 3, "trainable = «false»", RELUS) + layer("global_avg_pool") + FLATTEN,
        IN + conv(8, 3, "trainable = false", RELUS) + HEAD,
        message="no layer learns",
    ),
    "NB242": Example(
        IN + BODY + HEAD + train("shuffle = «false»"),
        IN + BODY + HEAD + train("shuffle = true"),
        "info",
        message="the same batches in the same order",
    ),
    "NB243": Example(
        SMALL + HEAD + DATA + train("batch_size = «1297»"),
        SMALL + HEAD + DATA + train("batch_size = 1296"),
        message="1,298 training samples leave a last batch of one",
        surroundings=SHOWN_DIGITS,
    ),
    "NB244": Example(
        SMALL + HEAD + DATA + train("batch_size = «1299»"),
        SMALL + HEAD + DATA + train("batch_size = 1298"),
        message="1,299 is more than the 1,298 training samples",
        surroundings=SHOWN_DIGITS,
    ),
    "NB245": Example(
        IN + BODY + HEAD + train("batch_size = «64»"),
        IN + BODY + HEAD + train("batch_size = 32"),
        message="training on batches of 64 takes 6.0 GiB, the machine has 4.0 GiB",
        surroundings=Surroundings(memory_bytes=4 << 30),
    ),
    "NB246": Example(
        SMALL + HEAD + DATA + train("decay = «0.99»", table="train.ema"),
        SMALL + HEAD + DATA + train("decay = 0.989", table="train.ema"),
        message="after the run's 210 updates 12% of the average are still the weights after the first",
        surroundings=SHOWN_DIGITS,
    ),
    "NB247": Example(
        IN + BODY + HEAD + train('sampling = «"balanced"»', BALANCED_LOSS),
        IN + BODY + HEAD + train(BALANCED_LOSS),
        message="samples of rare classes come more often, and each of them has a larger weight",
    ),
    "NB248": Example(
        IN + BODY + HEAD + '[data]\nsource = «"../elsewhere/x.npz"»\n',
        IN + BODY + HEAD + '[data]\nsource = "below/x.npz"\n',
        message="../elsewhere/x.npz leads out of the folder of the spec",
        surroundings=Surroundings(folders=()),
    ),
}
"""The machine of NB245 takes 96 MiB a sample to train."""
