"""Wrong specs: each with the code of its one error, what is at fault between « and », and a part of the message."""

IN = "[input]\nshape = [1, 8, 8]\n"
CONV = '[[layers]]\ntype = "conv"\nname = "c"\nout_channels = 2\nkernel_size = 3\n'
RELU = '[[layers]]\ntype = "relu"\n'
FLAT = '[[layers]]\ntype = "flatten"\n'
SPEC = IN + CONV

LENET = """[input]
shape = [1, 28, 28]
[[layers]]
type = "conv"
name = "conv1"
out_channels = 6
kernel_size = 5
activation = "relu"
[[layers]]
type = "max_pool"
name = "pool1"
kernel_size = 2
[[layers]]
type = "conv"
name = "conv2"
out_channels = 16
kernel_size = 5
activation = "relu"
[[layers]]
type = "max_pool"
name = "pool2"
kernel_size = 2
[[layers]]
type = "flatten"
[[layers]]
type = "linear"
name = "fc1"
in_features = 400
out_features = 120
"""
"""Its linear layer is made for images of 32 x 32."""


def layer(kind: str, *lines: str) -> str:
    return "\n".join(["[[layers]]", f'type = "{kind}"', *lines, ""])


def augment(kind: str, *lines: str) -> str:
    return layer(kind, *lines).replace("[[layers]]", "[[augment]]")


def block(*layers: str, name: str = "b") -> str:
    """A block of a file that uses it."""
    return "".join(each.replace("[[layers]]", f"[[blocks.{name}.layers]]") for each in layers)


USE = layer("block", 'block = "b"')

TOML = {
    # What no parser takes.
    "no value": ("name = «\n»" + SPEC, "NB102", "invalid value"),
    "a word": ("name = «lenet»\n" + SPEC, "NB102", "invalid value"),
    "a quote too few": ('name = "lenet«\n»' + SPEC, "NB102", "not valid TOML"),
    "a comma too few": (IN.replace("1, 8", "1 «8»") + CONV, "NB102", "unclosed array"),
    "a bracket too few": (IN + "[[layers«]»\ntype = 3\n", "NB102", "not valid TOML"),
    "a sign too much": (IN + "[[layers]]\ntype =«=» 3\n", "NB102", "invalid value"),
    "a key twice": ('name = "a"\n«name» = "b"\n' + SPEC, "NB102", '"name" is given twice'),
    "a key of lines twice": ("name = 'a'\n«name» = [ # a list\n 1,\n]\n" + SPEC, "NB102", '"name" is given twice'),
    "a table of a value": (SPEC + "[train]\nseed = 1\n«[train.seed.a]»\n", "NB102", "[train.seed.a]"),
    "more of a table": ("train = {seed = 1}\n«train.epochs» = 2\n" + SPEC, "NB102", "given as a whole"),
    "a header with a comma": (SPEC + "[train]\n[train«,».a]\n", "NB102", 'expected "]"'),
    "a table twice": (SPEC + "«[input]»\nshape = [1, 9, 9]\n", "NB102", '"[input]" is given twice'),
    "no end": (SPEC + "[train«\n»", "NB102", "not valid TOML"),
    "no such month": (SPEC + "[train]\nseed = 2024«-13-99»\n", "NB102", "not valid TOML"),
    "no such day": (SPEC + "[train]\nseed = «2024-02-30»\n", "NB102", "invalid date"),
    "an endless number": (SPEC + f"stride = «{'9' * 5000}»\n", "NB102", "out of range"),
    "a dotted key": (IN + f"«{'a'}»{'.a' * 200} = 1\n", "NB109", "more than 128 dots"),
    # What other languages, formats and frameworks have people write.
    "a truth of Python": (SPEC + "bias = «True»\n", "NB102", "invalid value"),
    "nothing of Python": (SPEC + "activation = «None»\n", "NB102", "invalid value"),
    "a tuple of Python": (SPEC.replace("[1, 8, 8]", "«(»1, 8, 8)"), "NB102", "invalid value"),
    "a word without quotes": (IN + "[[layers]]\ntype = «conv»\n", "NB102", "invalid value"),
    "a program": ("import «torch» as nn\nmodel = nn.Conv2d(1, 6, 5)\n", "NB102", "not valid TOML"),
    "JSON": ('«{»"input": {"shape": [1, 8, 8]}}\n', "NB102", "invalid statement"),
    "YAML": ("input«:»\n  shape: [1, 8, 8]\n", "NB102", "expected '='"),
    "a colon": (IN + '[[layers]]\ntype«:» "conv"\n', "NB102", "expected '='"),
    "two equals signs": (IN + '[[layers]]\ntype =«=» "conv"\n', "NB102", "invalid value"),
    "a comma at the end": (IN + '[[layers]]\ntype = "conv"«,»\n', "NB102", "not valid TOML"),
    "a semicolon at the end": (IN + '[[layers]]\ntype = "conv"«;»\n', "NB102", "not valid TOML"),
    "a comma before a bracket": ("input = {shape = [1, 8, 8],«}»\n" + CONV, "NB102", "not valid TOML"),
    "a table over lines": ("input = {«\n»  shape = [1, 8, 8]\n}\n" + CONV, "NB102", "not valid TOML"),
    "curly quotes": (IN + "[[layers]]\ntype = «“»conv”\n", "NB102", "invalid value"),
    "a comment of C": ("«/»/ a network\n" + SPEC, "NB102", "invalid statement"),
    "no digit before the point": (SPEC + "[train.optimizer]\ntype = 'adam'\nlr = «.»001\n", "NB102", "invalid value"),
    "no digit after the point": (SPEC + "[train.optimizer]\ntype = 'adam'\nlr = 1«.»\n", "NB102", "not valid TOML"),
    "a percentage": (IN + layer("dropout", "p = 50«%»"), "NB102", "not valid TOML"),
    "PyTorch's type": (IN + '[[layers]]\ntype = «"Conv2d"»\nout_channels = 2\nkernel_size = 3\n', "NB107", "Conv2d"),
    "Keras' type": (SPEC + FLAT + '[[layers]]\ntype = «"Dense"»\nout_features = 2\n', "NB107", "Dense"),
    "Keras' pool": (SPEC + '[[layers]]\ntype = «"MaxPooling2D"»\nkernel_size = 2\n', "NB107", "MaxPooling2D"),
    "Keras' units": (SPEC + FLAT + layer("linear", "«units» = 2"), "NB103", '"units"'),
    "Keras' padding": (SPEC + 'padding = «"SAME"»\n', "NB106", '"SAME"'),
    "a kernel": (SPEC.replace("kernel_size", "«kernel»"), "NB103", '"kernel"'),
    "inputs in the place of from": (SPEC + layer("relu", '«inputs» = "c"'), "NB103", '"inputs"'),
    "one layer in the singular": (IN + '[[«layer»]]\ntype = "relu"\n', "NB103", '"layer"'),
    "layers by name": (IN + "«[layers.conv1]»\nout_channels = 2\nkernel_size = 3\n", "NB106", "expected a list"),
    "a shape for a table": ("input = «[1, 8, 8]»\n" + CONV, "NB106", "input: expected a table"),
    "a shape in words": (SPEC.replace("[1, 8, 8]", '«"1x8x8"»'), "NB106", "input.shape: expected a list"),
    "a name for a table": ('data = «"digits"»\n' + SPEC, "NB106", "data: expected a table"),
    "an optimizer at the top": (SPEC + '[«optimizer»]\ntype = "adam"\n', "NB103", '"optimizer"'),
    "a rate in the wrong table": (SPEC + "[train]\n«lr» = 0.1\n", "NB103", '"lr"'),
    "a path of data": (SPEC + '[data]\n«path» = "digits"\n', "NB103", '"path"'),
    "whole epochs with a point": (SPEC + "[train]\nepochs = «3.0»\n", "NB106", "train.epochs"),
    # Keys and types.
    "a misspelt key": (SPEC + "«kernel_sise» = 3\n", "NB103", '`c`: unknown key "kernel_sise"'),
    "a key after a tab": (SPEC + "\t«strides» = 3 # a comment\n", "NB103", '"strides"'),
    "a quoted key": (SPEC + '«"ker\\u006eel"» = 3\n', "NB103", '"kernel"'),
    "another framework's key": (SPEC.replace("out_channels", "«filters»"), "NB103", '"filters"'),
    "an unknown table": (SPEC + "[«training»]\nepochs = 3\n", "NB103", '"training"'),
    "an unknown table in a table": (SPEC + "[train.«optimiser»]\nlr = 1.0\n", "NB103", "train: unknown key"),
    "an unknown dotted key": (SPEC + "[train]\noptimizer.type = 'adam'\noptimizer.«rate» = 1\n", "NB103", '"rate"'),
    "an unknown key in a line": ('layers = [{type = "relu"}, {type = "relu", «p» = 1}]\n' + IN, "NB103", "`relu2`"),
    "an unknown key of data": (SPEC + '[data]\nsource = "digits"\n«normalise» = true\n', "NB103", "data: unknown"),
    "an unknown key of a schedule": (
        SPEC + '[train.schedule]\ntype = "step"\n«step» = 2\n', "NB103", "train.schedule: unknown key",
    ),
    "no key": (IN + layer("«max_pool»").replace('"«max_pool»"', '«"max_pool"»'), "NB105", "kernel_size is missing"),
    "no type": (IN + "«[[layers]]»\nbias = true\n", "NB105", "type is missing"),
    "a table around the layers": (
        IN + "[[«network».layers]]\ntype = 'relu'\n", "NB103", 'unknown key "network"',
    ),
    "no list of layers": (IN.rstrip() + "«\n»", "NB105", "layers is missing"),
    "no input": (CONV.rstrip() + "«\n»", "NB105", "input is missing"),
    "no type in a line": ("layers = [«{»bias = true}]\n" + IN, "NB105", "type is missing"),
    "no type of an optimizer": (SPEC + "«[train.optimizer]»\nlr = 0.1\n", "NB105", "train.optimizer.type is missing"),
    "no shape": ("«[input]»\n" + CONV, "NB105", "input.shape is missing"),
    "an unknown layer": (IN + '[[layers]]\ntype = «"conv2d"»\n', "NB107", "`conv2d1`"),
    "an unknown layer in a line": ('layers = [{ type = «"Dense"» }]\n' + IN, "NB107", '"Dense"'),
    "an unknown optimizer": (SPEC + "[train.optimizer]\ntype = «'adm'» # Adam\n", "NB107", '"adm"'),
    "an unknown loss": (SPEC + '[train]\nloss = «"crossentropy"»\n', "NB107", "train.loss.type"),
    "an unknown activation": (SPEC + 'activation = «"rleu"»\n', "NB107", 'activation = "rleu"'),
    # Values.
    "a string for a number": (SPEC.replace("= 3", '= «"3"»'), "NB106", "kernel_size: expected"),
    "a switch for a number": (SPEC.replace("= 2", "= «true»"), "NB106", "out_channels: expected"),
    "a number for a switch": (SPEC + "bias = «1»\n", "NB106", "bias: expected true or false"),
    "a list of words": (SPEC + 'stride = «["a", "b"]»\n', "NB106", "stride: expected"),
    "a list over lines": (SPEC + "«stride» = [\n  1,\n  2, # two\n  3, 4\n]\n", "NB106", "stride: expected"),
    "a text over lines": (SPEC + '«padding» = """\nsane"""\n', "NB106", "padding: expected"),
    "a wide text": (SPEC + 'padding = «"日本"»\n', "NB106", "padding: expected"),
    "a value in hexadecimals": (SPEC + "stride = «0x0»\n", "NB106", "received 0"),
    "a name like a path": (SPEC.replace('"c"', '«"../c"»'), "NB106", "name: expected"),
    "a rate below 0": (SPEC + "[train]\noptimizer = {type = 'sgd', lr = «-1.0»}\n", "NB106", "train.optimizer.lr"),
    "a seed below 0": (SPEC + "[train]\nseed = «-1»\n", "NB106", "train.seed"),
    "a flat input": (SPEC.replace("[1, 8, 8]", "«[64]»"), "NB106", "input.shape"),
    "no layers": ("layers = «[]»\n" + IN, "NB106", "layers: expected"),
    "one bracket": (IN + CONV.replace("[[layers]]", "«[layers]»").replace('type = "conv"\n', ""), "NB106", "layers"),
    "a table for a string": (SPEC + "«[name]»\na = 1\n", "NB106", "name: expected"),
    "a string for a table": ('train = «"fast"»\n' + SPEC, "NB106", "train: expected a table"),
    "a share of 1": (IN + layer("dropout", "p = «1»"), "NB106", "p: expected a number below 1"),
    # Shapes.
    "other features": (SPEC + FLAT + layer("linear", "out_features = 3", "in_features = «71»"), "NB104", "72"),
    "other channels": (SPEC + "in_channels = «3»\n", "NB104", "`c` declares 3 input channels but receives 1"),
    "slopes": (SPEC + layer("prelu", "num_parameters = «3»"), "NB104", "num_parameters"),
    "an image for a linear layer": (SPEC + layer("linear", "out_features = 3").replace('"linear"', '«"linear"»'),
                                    "NB111", "`linear1` expects a flat input"),
    "a kernel too large": (SPEC.replace("= 3", "= «11»"), "NB112", "a window of 11"),
    "a kernel too large on one axis": (SPEC.replace("= 3", "= [3, «11»]"), "NB112", "8 columns"),
    "a dilation too large": (SPEC.replace("= 3", "= «3»") + "dilation = 5\n", "NB112", "spans 11"),
    "a pool too large": (SPEC + layer("max_pool", "kernel_size = «7»"), "NB112", "`max_pool1`"),
    "three axes of two": (SPEC.replace("= 3", "= «[3, 3, 3]»"), "NB110", "3 entries"),
    "a convolution of features": (IN + FLAT + CONV.replace('"conv"', '«"conv"»'), "NB110", "`c` expects an input"),
    "too much padding": (IN + layer("max_pool", "kernel_size = 2", "padding = «2»"), "NB113", "more than half"),
    "padding that mirrors too much": (
        SPEC.replace("3\n", "5\n") + 'padding = «9»\npadding_mode = "reflect"\n', "NB113", "reflect padding of 9",
    ),
    "groups of channels": (SPEC + "groups = «3»\n", "NB114", "divisible by groups"),
    "groups to normalise": (SPEC + layer("group_norm", "num_groups = «3»"), "NB114", "num_groups"),
    "groups to shuffle": (SPEC + layer("channel_shuffle", "groups = «3»"), "NB114", "groups"),
    "one input of two": (SPEC + layer("add", 'from = «"c"»'), "NB115", "`add1` reads 1 input"),
    "two inputs of one": (SPEC + layer("relu", 'from = «["input", "c"]»'), "NB115", "reads 2 inputs"),
    "unlike inputs": (SPEC + layer("add", 'from = ["input", «"c"»]'), "NB116", "do not go together"),
    "unlike sizes": (SPEC + layer("concat", 'from = ["input", «"c"»]'), "NB116", "do not go together"),
    "a shape that does not hold": (SPEC + layer("reshape", "shape = «[5, 5]»"), "NB106", "does not hold"),
    "a crop of all": (SPEC + layer("crop", "crop = «3»"), "NB106", "leaves nothing"),
    "an axis too many": (SPEC + layer("layer_norm", "axes = «[4]»"), "NB110", "axis 4"),
    "k of too few": (SPEC + layer("kmax_pool", "k = «7»"), "NB106", "k = 7"),
    "channels that are not there": (SPEC + layer("channel_slice", "start = «2»"), "NB106", "channels from"),
    "a batch of one to normalise": (
        SPEC + layer("global_avg_pool") + layer("layer_norm", "axes = [2]").replace('"layer_norm"', '«"layer_norm"»'),
        "NB130", "every number by itself",
    ),
    "too large": (IN + layer("pad", "padding = 8388608").replace('"pad"', '«"pad"»'), "NB109", "elements"),
    "weights of a word": (
        SPEC + "[train.loss]\ntype = 'cross_entropy'\nweight = «'equal'»\n", "NB106", 'for each class, or "balanced"',
    ),
    "a sampling": (SPEC + "[train]\nsampling = «'uniform'»\n", "NB106", "train.sampling: expected"),
    "sampling in a fixed order": (
        SPEC + FLAT + "[train]\nshuffle = false\nsampling = «'balanced'»\n", "NB106", "nothing where shuffle = false",
    ),
    "sampling of pixels": (SPEC + "[train]\nsampling = «'balanced'»\n", "NB106", "a class for each of 36 places"),
    "sampling of numbers": (
        SPEC + FLAT + "[train]\nloss = 'mse_loss'\nsampling = «'balanced'»\n", "NB106", "of mse_loss are numbers",
    ),
    "weights of a loss": (SPEC + "[train.loss]\ntype = 'cross_entropy'\nweight = «[1, 2, 3]»\n", "NB106", "weight has"),
    # Training from other weights.
    "no weights": (SPEC + "«[pretrained]»\nexclude = ['c']\n", "NB105", "pretrained.weights is missing"),
    "layers to take": (SPEC + "[pretrained]\nweights = 'a.h5'\n«layers» = ['c']\n", "NB103", '"layers"'),
    "weights for a table": ("pretrained = «'a.h5'»\n" + SPEC, "NB106", "pretrained: expected a table"),
    "a number of weights": (SPEC + "[pretrained]\nweights = «1»\n", "NB106", "pretrained.weights: expected"),
    "a layer that is not there to exclude": (
        SPEC + "[pretrained]\nweights = 'a.h5'\nexclude = ['c', «'d'»]\n", "NB117", 'no layer is named "d"',
    ),
    "a name to exclude": (SPEC + "[pretrained]\nweights = 'a.h5'\nexclude = «'c'»\n", "NB106", "pretrained.exclude"),
    # Names.
    "a name twice": (SPEC + layer("relu", 'name = «"c"»'), "NB108", "the name c is taken"),
    "the input's name": (SPEC + layer("relu", 'name = «"input"»'), "NB108", "the name input is taken"),
    "no such layer": (SPEC + layer("relu", 'from = «"d"»'), "NB117", 'no layer: "d"'),
    "no such layer of two": (SPEC + layer("add", 'from = ["c", «"d"»]'), "NB117", 'no layer: "d"'),
    "a later layer": (SPEC + layer("add", "from = ['c',", "  «'r'», # later", "]") + layer("relu", 'name = "r"'),
                      "NB118", "later in the file"),
    "itself": (SPEC + layer("relu", 'name = "r"', 'from = «"r"»'), "NB118", "reads itself"),
    "unread": (SPEC.replace('"conv"', '«"conv"»') + layer("relu", 'from = "input"'), "NB119", "no layer reads"),
    # Variables and blocks.
    "no such variable": ("vars = {widht = 2}\n" + SPEC.replace("= 2", '= «"$width"»'), "NB120", '"$width"'),
    "no such variable in a list": (SPEC + 'stride = [1, «"$s"»]\n', "NB120", "stride[1]"),
    "no calculation": ("vars.a = 1\n" + SPEC.replace("= 2", '= «"$a * 2 * 3"»'), "NB106", "no calculation"),
    "variables in a circle": ('[vars]\na = «"$a"»\n' + SPEC, "NB118", "stand for one another"),
    "a variable without a name": ('[vars]\n«"a-b"» = 1\n' + SPEC, "NB108", "no name for a variable"),
    "a variable of another type": ("vars.a = 'x'\n" + SPEC.replace("= 2", '= «"$a"»'), "NB106", 'received "x"'),
    "no such block": (IN + layer("block", 'block = «"c"»') + block(RELU), "NB121", '"c" is not defined'),
    "an unknown key of a use": (IN + USE + "«times» = 2\n" + block(RELU), "NB103", '`b1`: unknown key "times"'),
    "no such parameter": (IN + USE + "with = {«a» = 1}\n" + block(RELU), "NB103", 'no parameter "a"'),
    "an unknown key in a block": (IN + USE + block(RELU, RELU + "«p» = 1\n"), "NB103", '`b1.relu2`: unknown key "p"'),
    "an unknown type in a block": (IN + USE + block(layer("x").replace('"x"', '«"rleu"»')), "NB107", "b1.rleu1"),
    "a kernel too large in a block": (
        IN + USE + "repeat = 3\n" + block(CONV.replace("= 3", "= «5»")), "NB112", "`b1.1.c`: a window of 5",
    ),
    "a block of itself": (
        IN + USE + block(layer("block", 'block = «"b"»')), "NB118", "a block is made of itself",
    ),
    "a wrong value in a block": (IN + USE + block(CONV.replace("= 3", "= «0»")), "NB106", "kernel_size: expected"),
    "no layers in a block": (IN + USE + "[blocks.b]\nlayers = «[]»\n", "NB106", "blocks.b.layers"),
    # Every kind of layer and table.
    "a negative padding": (SPEC + "padding = «-1»\n", "NB106", "padding: expected"),
    "a padding of pairs": (SPEC + "padding = «[[1, 2], [3]]»\n", "NB106", "padding: expected"),
    "padding of three axes": (SPEC + "padding = «[1, 1, 1]»\n", "NB110", "3 entries"),
    "a stride for each of three": (SPEC + "stride = «[1, 1, 1]»\n", "NB110", "3 entries"),
    "a dilation of nothing": (SPEC + "dilation = «0»\n", "NB106", "dilation: expected"),
    "a padding mode": (SPEC + 'padding_mode = «"mirror"»\n', "NB106", "padding_mode: expected"),
    "an initializer": (SPEC + "initializer = «'he'»\n", "NB106", "initializer: expected"),
    "a rate of a layer": (SPEC + "lr = «-0.1»\n", "NB106", "lr: expected"),
    "a rate that is no number": (SPEC + "lr = «nan»\n", "NB106", "lr: expected a finite number"),
    "a rate that is endless": (SPEC + "[train.optimizer]\ntype = 'sgd'\nlr = «inf»\n", "NB106", "finite"),
    "frozen by a word": (SPEC + "trainable = «'no'»\n", "NB106", "trainable: expected"),
    "a share below 0": (IN + layer("dropout", "p = «-0.5»"), "NB106", "p: expected"),
    "a share of a channel": (IN + layer("channel_dropout", "p = «1.5»"), "NB106", "p: expected"),
    "eps of 0": (IN + layer("batch_norm", "eps = «0.0»"), "NB106", "eps: expected"),
    "a momentum of 2": (IN + layer("batch_norm", "momentum = «2.0»"), "NB106", "momentum: expected"),
    "axes that begin at 1": (IN + layer("layer_norm", "axes = «[0]»"), "NB106", "axes: expected"),
    "axes twice": (IN + layer("layer_norm", "axes = «[2, 2]»"), "NB106", "names an axis twice"),
    "no groups": (IN + layer("group_norm", "num_groups = «0»"), "NB106", "num_groups: expected"),
    "no number of groups": (IN + layer("group_norm").replace('"group_norm"', '«"group_norm"»'), "NB105", "num_groups"),
    "no p of a norm": (
        IN + layer("lp_pool", "kernel_size = 2").replace('"lp_pool"', '«"lp_pool"»'), "NB105", "norm_type",
    ),
    "a p of 0": (IN + layer("lp_pool", "kernel_size = 2", "norm_type = «0»"), "NB106", "norm_type: expected"),
    "an output of nothing": (IN + layer("adaptive_avg_pool", "output_size = «0»"), "NB106", "output_size: expected"),
    "an output of three axes": (IN + layer("adaptive_avg_pool", "output_size = «[1, 1, 1]»"), "NB110", "3 entries"),
    "k of nothing": (IN + layer("kmax_pool", "k = «0»"), "NB106", "k: expected"),
    "a share of more than all": (IN + layer("kmax_pool", "k = «1.5»"), "NB106", "k: expected"),
    "two sizes": (IN + layer("upsample", "size = «16»", "scale_factor = 2"), "NB106", "both size and scale_factor"),
    "no size": (IN + layer("upsample").replace('"upsample"', '«"upsample"»'), "NB106", "neither size nor scale_factor"),
    "a mode of nearest": (
        IN + layer("upsample", "scale_factor = 2", "align_corners = «true»"), "NB106", "align_corners = true",
    ),
    "a mode of upsampling": (IN + layer("upsample", "size = 2", 'mode = «"cubic"»'), "NB106", "mode: expected"),
    "a value that is not used": (
        IN + layer("pad", "padding = 1", "mode = 'reflect'", "value = «2.0»"), "NB106", "has no meaning",
    ),
    "a border that is not there": (IN + layer("pad", "padding = «9»", "mode = 'circular'"), "NB113", "circular"),
    "two of -1": (IN + layer("reshape", "shape = «[-1, -1]»"), "NB106", "more than one -1"),
    "shuffled in no groups": (IN + layer("channel_shuffle", "groups = «0»"), "NB106", "groups: expected"),
    "a slice that ends before it begins": (IN + layer("channel_slice", "stop = «2»"), "NB106", "channels from"),
    "more output padding than stride": (
        IN + layer("conv_transpose", "out_channels = 1", "kernel_size = 3", "output_padding = «1»"),
        "NB113", "output_padding",
    ),
    "more padding than output": (
        IN + layer("conv_transpose", "out_channels = 1", "kernel_size = 1", "padding = «4»"), "NB113", "takes away all",
    ),
    "features of a word": (IN + FLAT + layer("linear", "out_features = «'ten'»"), "NB106", "out_features: expected"),
    "no features": (IN + FLAT + layer("linear").replace('"linear"', '«"linear"»'), "NB105", "out_features is missing"),
    "a batch of nothing": (SPEC + "[train]\nbatch_size = «0»\n", "NB106", "train.batch_size"),
    "half an epoch": (SPEC + "[train]\nepochs = «0.5»\n", "NB106", "train.epochs"),
    "no batches of an update": (SPEC + "[train]\naccumulation_steps = «0»\n", "NB106", "train.accumulation_steps"),
    "half a batch of an update": (SPEC + "[train]\naccumulation_steps = «1.5»\n", "NB106", "accumulation_steps"),
    "an average that never moves": (SPEC + "[train.ema]\ndecay = «1.0»\n", "NB106", "train.ema.decay"),
    "an average of nothing": (SPEC + "[train.ema]\ndecay = «0»\n", "NB106", "train.ema.decay: expected a number above"),
    "an average for a table": (SPEC + "[train]\nema = «0.99»\n", "NB106", "train.ema: expected a table"),
    "another key of an average": (SPEC + "[train.ema]\n«momentum» = 0.1\n", "NB103", '"momentum"'),
    "gradients shared": (SPEC + '[train]\nshared_gradients = «"max"»\n', "NB106", "train.shared_gradients"),
    "a norm of 0": (SPEC + "[train]\nclip_grad_norm = «0»\n", "NB106", "train.clip_grad_norm"),
    "betas": (SPEC + "[train.optimizer]\ntype = 'adam'\nbetas = «[0.9, 1]»\n", "NB106", "train.optimizer.betas"),
    "no rate": (SPEC + "[train.optimizer]\ntype = «'sgd'»\n", "NB105", "train.optimizer.lr is missing"),
    "an unknown schedule": (SPEC + "[train.schedule]\ntype = «'warmup'»\n", "NB107", "train.schedule.type"),
    "a delta of 0": (SPEC + "[train.loss]\ntype = 'huber_loss'\ndelta = «0»\n", "NB106", "train.loss.delta"),
    "a share of validation": (SPEC + "[data]\nsource = 'digits'\nvalidation = «1.0»\n", "NB106", "data.validation"),
    "a share to test": (SPEC + "[data]\nsource = 'digits'\ntest = «-0.1»\n", "NB106", "data.test"),
    "one fold": (SPEC + "[data]\nsource = 'digits'\nfolds = «1»\n", "NB106", "data.folds"),
    "a fold too many": (SPEC + "[data]\nsource = 'digits'\nfolds = 5\nfold = «5»\n", "NB106", "below folds (=5)"),
    "a fold of none": (SPEC + "[data]\nsource = 'digits'\nfold = «1»\n", "NB106", "0 without folds"),
    "loader threads": (SPEC + "[data]\nsource = 'digits'\nloader_threads = «-1»\n", "NB106", "data.loader_threads"),
    "no source": (SPEC + "«[data]»\nnormalize = true\n", "NB105", "data.source is missing"),
    "an engine's switch": (SPEC + "[engine]\nwinograd = «1»\n", "NB106", "engine.winograd"),
    "channels of nothing": (SPEC.replace("[1, 8, 8]", "«[0, 8, 8]»"), "NB106", "input.shape"),
    "four axes of an input": (SPEC.replace("[1, 8, 8]", "«[1, 8, 8, 8, 8]»"), "NB106", "input.shape"),
    "a block of nothing": (
        IN + USE.replace('block = "b"\n', "").replace('"block"', '«"block"»') + block(RELU),
        "NB105", "block is missing",
    ),
    "a use of two inputs": (IN + RELU + USE + 'from = «["input", "relu1"]»\n' + block(RELU), "NB106", "from: expected"),
    "more layers than a network has": (
        IN + USE + "repeat = 10000\n" + block(RELU.replace('"relu"', '«"relu"»'), RELU), "NB109", "this is layer 10001",
    ),
    "no repeat": (IN + USE + "repeat = «0»\n" + block(RELU), "NB106", "repeat: expected"),
    "a repeat of very many": (IN + USE + "repeat = «1000000000»\n" + block(RELU), "NB106", "repeat: expected"),
    # Augmentation.
    "augmentation in one bracket": (SPEC + "«[augment]»\npadding = 1\n", "NB106", "augment: expected a list"),
    "no type of an augmentation": (SPEC + "«[[augment]]»\np = 0.5\n", "NB105", "augment[0].type is missing"),
    "an unknown augmentation": (SPEC + '[[augment]]\ntype = «"RandomCrop"»\n', "NB107", "augment[0].type"),
    "an unknown key of an augmentation": (
        SPEC + FLAT + augment("random_crop", "padding = 1", "«size» = 8"), "NB103", '"size"',
    ),
    "more than a certainty": (SPEC + augment("horizontal_flip", "p = «1.5»"), "NB106", "augment[0].p: expected"),
    "a crop without padding": (
        SPEC + augment("random_crop").replace('"random_crop"', '«"random_crop"»'), "NB105", "augment[0].padding",
    ),
    "a crop of three axes": (SPEC + FLAT + augment("random_crop", "padding = «[1, 1, 1]»"), "NB110", "3 entries"),
    "a fill for channels that are not there": (
        SPEC + FLAT + augment("horizontal_flip") + augment("random_crop", "padding = 1", "fill = «[0.5, 0.5]»"),
        "NB106", "augment[1]: fill has 2 numbers",
    ),
    "a rotation of a signal": (
        IN.replace("[1, 8, 8]", "[1, 8]") + CONV + augment("random_rotation", "degrees = 5").replace(
            '"random_rotation"', '«"random_rotation"»'),
        "NB110", "2 spatial axes, this one has 1 spatial axis",
    ),
    "a shift in time of an image": (
        SPEC + augment("time_shift").replace('"time_shift"', '«"time_shift"»'), "NB110", "this one has 2 spatial axes",
    ),
    "angles the wrong way round": (SPEC + augment("random_affine", "degrees = «[10, -10]»"), "NB106", "degrees"),
    "a shear of a right angle": (SPEC + augment("random_affine", "shear = «90»"), "NB106", "augment[0].shear"),
    "shears of three": (SPEC + augment("random_affine", "shear = «[1, 2, 3]»"), "NB106", "augment[0].shear"),
    "a hue of grey": (SPEC + FLAT + augment("color_jitter", "hue = «0.1»"), "NB106", "augment[0]: hue needs the 3"),
    "more hue than there is": (SPEC + FLAT + augment("color_jitter", "hue = «0.6»"), "NB106", "augment[0].hue"),
    "a magnitude beyond": (SPEC + FLAT + augment("rand_augment", "magnitude = «31»"), "NB106", "magnitude = 31"),
    "shares above all": (
        SPEC + FLAT + augment("random_resized_crop", "scale = «[0.5, 1.5]»"), "NB106", "augment[0].scale",
    ),
    "mixtures of answers by pixel": (
        SPEC + augment("mixup").replace('"mixup"', '«"mixup"»'), "NB106", "this network's answer has 2 spatial axes",
    ),
    "mixtures of numbers": (
        SPEC + FLAT + augment("cutmix").replace('"cutmix"', '«"cutmix"»') + "[train]\nloss = 'mse_loss'\n",
        "NB106", 'cutmix needs loss = "cross_entropy"',
    ),
    "mixtures with what does not count": (
        SPEC + FLAT + augment("mixup").replace('"mixup"', '«"mixup"»')
        + "[train.loss]\ntype = 'cross_entropy'\nignore_index = 1\n",
        "NB106", "ignore_index = 1",
    ),
    "a crop of what targets do not follow": (
        SPEC + augment("random_crop", "padding = 1").replace('"random_crop"', '«"random_crop"»'),
        "NB106", "8 x 8 pixels, and targets for 6 x 6 places",
    ),
    "a name that blocks cannot have": (
        IN + USE + block(RELU) + '[blocks.«"a b"»]\nlayers = [{type = "relu"}]\n', "NB108", "no name",
    ),
}  # fmt: skip

JSON = {
    "no layers": ('{"input": {"shape": [1, 8]}\n«}»\n', "NB105", "layers is missing"),
    "no value": ('{"name": «}»', "NB102", "expecting value"),
    "a comma too much": ('{"name": "a",\n  «}»', "NB102", "not valid JSON"),
    "a key twice": ('{"input": {"shape": [1, 8]},\n "layers": [{"type": "relu", «"type"»: "elu"}]}', "NB102", "twice"),
    "not a number": ('{"name": "NaN",\n "train": {"seed": «NaN»}}', "NB102", "NaN is not a JSON value"),
    "a list": ("«[»]", "NB102", "expected a JSON object"),
    "an endless number": ('{"x":\n «' + "9" * 5000 + "»}", "NB102", "out of range"),
    "an unknown key": (
        '{"input": {"shape": [1, 8]},\n "layers": [\n  {"type": "relu", «"\\u0070"»: 1}\n ]}', "NB103", '"p"',
    ),
    "a wrong value": (
        '{"input": {"shape": [1, 8]}, "layers": [{"type": "conv", "out_channels": «"2"», "kernel_size": 3}]}',
        "NB106", "out_channels: expected",
    ),
    "no key": ('{"input": {"shape": [1, 8]}, "layers": [{"type": «"dropout2"»}]}', "NB107", "dropout2"),
    "no type": ('{"input": {"shape": [1, 8]},\n"layers": [\n«{»"name": "a"}]}', "NB105", "type is missing"),
    "a loss without a type": (
        '{"input": {"shape": [1, 8]},\n"layers": [{"type": "relu"}], "train": {«"loss"»: {}}}', "NB105", "loss",
    ),
}  # fmt: skip
