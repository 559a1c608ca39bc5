"""What can be wrong with a spec: stable codes, and the exception by which a rule says so."""

from enum import StrEnum
from typing import Any, NamedTuple

from nbcnn.errors import SpecError


class Code(StrEnum):
    """Stable codes of diagnostics: NB1xx are errors, NB2xx what the linter finds; none ever gets a new meaning."""

    UNREADABLE = "NB101"  # the file is missing, not a file, too large or not UTF-8
    SYNTAX = "NB102"  # not valid TOML or JSON
    UNKNOWN_KEY = "NB103"
    DECLARED_SIZE = "NB104"  # a declared input size differs from the size that arrives
    MISSING_KEY = "NB105"
    WRONG_VALUE = "NB106"
    UNKNOWN_TYPE = "NB107"  # of a layer, an optimizer or a schedule
    BAD_NAME = "NB108"  # malformed or used twice
    TOO_LARGE = "NB109"  # more than the library is willing to describe
    WRONG_AXES = "NB110"  # as many axes as the input does not have
    NOT_FLAT = "NB111"  # a linear layer on an image
    WINDOW_TOO_LARGE = "NB112"
    BAD_PADDING = "NB113"
    BAD_GROUPS = "NB114"
    BAD_INPUTS = "NB115"  # more or fewer inputs than the layer reads
    SHAPES_DIFFER = "NB116"  # inputs that cannot be added, multiplied or concatenated
    UNKNOWN_LAYER = "NB117"  # `from` names no layer
    CYCLE = "NB118"  # layers, variables, blocks or files that lead back to themselves
    UNUSED_OUTPUT = "NB119"
    UNKNOWN_VARIABLE = "NB120"
    UNKNOWN_BLOCK = "NB121"
    NOTHING_TO_NORMALISE = "NB130"  # sets of a single number
    # What the linter finds; what each means is said beside its rule.
    UNREAD_INPUT = "NB201"
    JUMPS_DIFFER = "NB202"
    MISALIGNED = "NB203"
    UNUSED_BLOCK = "NB204"
    SOFTMAX_BEFORE_LOSS = "NB205"
    SIGMOID_BEFORE_LOSS = "NB206"
    ACTIVATED_LOGITS = "NB207"
    SINGLE_CLASS = "NB208"
    DROPPED_ANSWERS = "NB209"
    OTHER_CLASSES = "NB210"
    OTHER_SAMPLES = "NB211"
    LINEAR_AFTER_LINEAR = "NB212"
    IDLE_ACTIVATION = "NB213"
    DOUBLED_ACTIVATION = "NB214"
    DEEP_SIGMOIDS = "NB215"
    HE_BEFORE_SATURATION = "NB216"
    SELU_WITHOUT_LECUN = "NB217"
    ALIKE_CHANNELS = "NB218"
    SKIPPED_INPUT = "NB219"
    EVEN_SAME = "NB220"
    WEIGHTS_ON_PADDING = "NB221"
    PADDING_ALONE = "NB222"
    UNEVEN_OVERLAP = "NB223"
    IDLE_LAYER = "NB224"
    SEES_LITTLE = "NB225"
    SEES_ENOUGH = "NB226"
    SEPARATE_GROUPS = "NB227"
    SINGLE_CHANNEL = "NB228"
    MOST_PARAMETERS = "NB229"
    BIAS_BEFORE_NORM = "NB230"
    DROPOUT_BEFORE_NORM = "NB231"
    NORM_AFTER_NORM = "NB232"
    GROUP_PER_CHANNEL = "NB233"
    NORM_OF_ONE_SAMPLE = "NB234"
    NORM_OF_FEW_SAMPLES = "NB235"
    HIGH_DROPOUT = "NB236"
    UNUSUAL_RATE = "NB237"
    DECAY_IN_ADAM = "NB238"
    FAST_DECAY = "NB239"
    UNREACHED_SCHEDULE = "NB240"
    NOTHING_LEARNS = "NB241"
    FIXED_ORDER = "NB242"
    LAST_BATCH_OF_ONE = "NB243"
    BATCH_OF_ALL = "NB244"
    TOO_LITTLE_MEMORY = "NB245"
    SLOW_AVERAGE = "NB246"
    BALANCED_TWICE = "NB247"
    OUT_OF_REACH = "NB248"

    @property
    def is_error(self) -> bool:
        return self.value.startswith("NB1")


class Guess(NamedTuple):
    """What was probably meant in the place of what is written; `evident` where hardly anything else can have been."""

    value: Any
    evident: bool

    def __str__(self) -> str:
        return str(self.value)


class Problem(SpecError):
    """A broken rule, from code that does not know the place: a layer, a window, an argument of a function.

    `rule` states what was found, with both numbers; `cure` says what to do; `field` is the key at fault, where one is,
    or the keys that lead to it, and `label` what should stand there. `meant` is what the cure would have stand there.
    """

    def __init__(
        self,
        code: Code,
        rule: str,
        cure: str,
        field: str | tuple[str | int, ...] | None = None,
        label: str | None = None,
        meant: Guess | None = None,
    ):
        super().__init__(f"{rule}; {cure}" if cure else rule)
        self.code = code
        self.rule = rule
        self.cure = cure
        self.field = field
        self.label = label
        self.meant = meant
