"""A Numba type for one vector of float32 lanes, so that kernels read as formulas on lanes.

`Vector(L)` is LLVM's `<L x float>` and `Mask(L)` its `<L x i1>`. Loops over a lane index are vectorised only when LLVM
sees through them; values of these types always are.
"""

from importlib import import_module
from typing import Any

import numpy as np

from nbcnn.kernels.cpu.language.later import intrinsic, ir, njit, types


def Vector(lanes: int) -> Any:
    """Numba's type of `lanes` float32 values in one register."""
    return import_module("nbcnn.kernels.cpu.language.vector_types").Vector(lanes)


def Mask(lanes: int) -> Any:
    """Numba's type of `lanes` truth values, the result of comparing two vectors."""
    return import_module("nbcnn.kernels.cpu.language.vector_types").Mask(lanes)


def declare(builder: Any, name: str, result: Any, operands: list[Any]) -> Any:
    """Declare an LLVM intrinsic by its full name, once per module."""
    found = builder.module.globals.get(name)
    return found or ir.Function(builder.module, ir.FunctionType(result, operands), name)


@intrinsic(prefer_literal=True)
def load(typing_context, lanes, address):
    """Read a vector at a byte address of any alignment."""
    result = Vector(lanes.literal_value)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        pointer = builder.inttoptr(args[1], context.get_value_type(result).as_pointer())
        return builder.load(pointer, align=4)

    return result(lanes, types.int64), codegen


@intrinsic
def store(typing_context, vector, address):
    """Write a vector to a byte address of any alignment."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        builder.store(args[0], builder.inttoptr(args[1], args[0].type.as_pointer()), align=4)
        return context.get_dummy_value()

    return types.void(vector, types.int64), codegen


@intrinsic(prefer_literal=True)
def load_bytes(typing_context, lanes, address):
    """Read a vector of whole numbers from 0 to 255 that `store_bytes` wrote."""
    result = Vector(lanes.literal_value)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        kind = ir.VectorType(ir.IntType(8), result.lanes)
        whole = builder.load(builder.inttoptr(args[1], kind.as_pointer()), align=1)
        return builder.uitofp(whole, context.get_value_type(result))

    return result(lanes, types.int64), codegen


@intrinsic
def store_bytes(typing_context, vector, address):
    """Write a vector of whole numbers from 0 to 255 as one byte a lane."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        whole = builder.fptosi(args[0], ir.VectorType(ir.IntType(32), vector.lanes))
        kind = ir.VectorType(ir.IntType(8), vector.lanes)
        place = builder.inttoptr(args[1], kind.as_pointer())
        builder.store(builder.trunc(whole, kind), place, align=1)
        return context.get_dummy_value()

    return types.void(vector, types.int64), codegen


@intrinsic
def bits_of(typing_context, mask):
    """The lowest bits of a whole number, one a lane: whether the mask holds there."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return emit_bits(builder, args[0])

    return types.int64(mask), codegen


def emit_bits(builder: Any, mask: Any) -> Any:
    """`bits_of` for code that emits LLVM itself."""
    return builder.zext(builder.bitcast(mask, ir.IntType(mask.type.count)), ir.IntType(64))


@intrinsic(prefer_literal=True)
def mask_of(typing_context, lanes, bits):
    """The mask whose lanes are the lowest bits of a whole number."""
    result = Mask(lanes.literal_value)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.bitcast(builder.trunc(args[1], ir.IntType(result.lanes)), context.get_value_type(result))

    return result(lanes, types.int64), codegen


@intrinsic
def beyond(typing_context, a, b):
    """The mask of lanes in which a is above b, or one of them is not a number."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.fcmp_unordered(">", *args)

    return Mask(a.lanes)(a, b), codegen


def repeat(builder: Any, count: int, value: Any) -> Any:
    """One scalar in every lane, for code that emits LLVM itself."""
    undefined = ir.Constant(ir.VectorType(value.type, count), ir.Undefined)
    first = builder.insert_element(undefined, value, ir.IntType(32)(0))
    return builder.shuffle_vector(first, undefined, ir.Constant(ir.VectorType(ir.IntType(32), count), [0] * count))


@intrinsic(prefer_literal=True)
def splat(typing_context, lanes, value):
    """Repeat one float32 in every lane."""
    count = lanes.literal_value

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return repeat(builder, count, args[1])

    return Vector(count)(lanes, types.float32), codegen


@intrinsic
def filled(typing_context, pattern, value):
    """Repeat one float32 in a vector as wide as `pattern`."""
    count = pattern.lanes

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return repeat(builder, count, args[1])

    return pattern(pattern, types.float32), codegen


@intrinsic
def where(typing_context, mask, yes, no):
    """Take `yes` where the mask holds and `no` elsewhere; all three are vectors or masks of one width."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.select(*args)

    return yes(mask, yes, no), codegen


@intrinsic(prefer_literal=True)
def lanes_below(typing_context, lanes, count):
    """The mask of the first `count` lanes."""
    total = lanes.literal_value

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        numbers = ir.Constant(ir.VectorType(ir.IntType(32), total), list(range(total)))
        bound = repeat(builder, total, builder.trunc(args[1], ir.IntType(32)))
        return builder.icmp_signed("<", numbers, bound)

    return Mask(total)(lanes, types.int64), codegen


@intrinsic
def horizontal_sum(typing_context, vector):
    """Add all lanes of a vector, as a tree."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        name = f"llvm.vector.reduce.fadd.v{vector.lanes}f32"
        function = declare(builder, name, ir.FloatType(), [ir.FloatType(), args[0].type])
        return builder.call(function, [ir.Constant(ir.FloatType(), -0.0), args[0]], fastmath=("reassoc",))

    return types.float32(vector), codegen


def _lane_by_lane(name: str, meaning: str) -> Any:
    """A function of vectors that LLVM has under `name`."""

    @intrinsic
    def function(typing_context, vector):
        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            kind = args[0].type
            return builder.call(declare(builder, f"llvm.{name}.v{vector.lanes}f32", kind, [kind]), args)

        return vector(vector), codegen

    function.__doc__ = meaning
    return function


square_root = _lane_by_lane("sqrt", "Take the square root of every lane, correctly rounded.")
absolute = _lane_by_lane("fabs", "Take the magnitude of every lane; not-a-number stays.")


@intrinsic
def fused(typing_context, a, b, c):
    """a * b + c in every lane, rounded once."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        kind = args[0].type
        return builder.call(declare(builder, f"llvm.fma.v{a.lanes}f32", kind, [kind] * 3), args)

    return a(a, b, c), codegen


# A float32 between 2**23 and 2**24 has its units in its lowest bits. With this number added, those of a whole number v
# in [-126, 127] are v plus the exponent's bias. LLVM's conversion that also knows what to do with not-a-number goes
# lane by lane.
_UNITS = np.float32(1.5 * 2**23 + 127)


@intrinsic
def _power_of_two(typing_context, shifted):
    """2**v for `shifted` = v + _UNITS, by writing the exponent bits; some number for not-a-number."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        integers = ir.VectorType(ir.IntType(32), shifted.lanes)
        bits = builder.bitcast(args[0], integers)
        return builder.bitcast(builder.shl(bits, integers([23] * shifted.lanes)), args[0].type)

    return shifted(shifted), codegen


@intrinsic
def _mantissa(typing_context, vector):
    """m of v = m * 2**e with m in [sqrt(1/2), sqrt(2)), for normal positive v."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        shifted, below, integers = _from_root_half(builder, args[0], vector.lanes)
        digits = builder.and_(shifted, ir.Constant(integers, [0x7FFFFF] * vector.lanes))
        return builder.bitcast(builder.add(digits, below), args[0].type)

    return vector(vector), codegen


@intrinsic
def _exponent(typing_context, vector):
    """e of v = m * 2**e with m in [sqrt(1/2), sqrt(2)), for normal positive v."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        shifted, _, integers = _from_root_half(builder, args[0], vector.lanes)
        return builder.sitofp(builder.ashr(shifted, ir.Constant(integers, [23] * vector.lanes)), args[0].type)

    return vector(vector), codegen


def _from_root_half(builder: Any, value: Any, lanes: int) -> tuple[Any, Any, Any]:
    """The bits of `value` less those of sqrt(1/2): the exponent's bits then change where the mantissa starts anew."""
    integers = ir.VectorType(ir.IntType(32), lanes)
    below = ir.Constant(integers, [0x3F3504F3] * lanes)
    return builder.sub(builder.bitcast(value, integers), below), below, integers


_f = np.float32

# The elementary functions below reduce ranges and take polynomials as S. Moshier's Cephes library does in single
# precision: expf, tanhf, logf, erff.


@njit(error_model="numpy")
def _exponential_parts(x: Any) -> Any:
    """(q, s) with e**x = (1 + q) * s, s a power of two and 1 where x is near 0."""
    x = where(x < filled(x, _f(-87.0)), filled(x, _f(-87.0)), x)
    x = where(x > filled(x, _f(88.0)), filled(x, _f(88.0)), x)
    shifted = fused(x, filled(x, _f(1.44269504088896341)), filled(x, _UNITS))
    n = shifted - filled(x, _UNITS)
    r = fused(n, filled(x, _f(2.12194440e-4)), fused(n, filled(x, _f(-0.693359375)), x))
    p = filled(x, _f(1.9875691500e-4))
    p = fused(p, r, filled(x, _f(1.3981999507e-3)))
    p = fused(p, r, filled(x, _f(8.3334519073e-3)))
    p = fused(p, r, filled(x, _f(4.1665795894e-2)))
    p = fused(p, r, filled(x, _f(1.6666665459e-1)))
    p = fused(p, r, filled(x, _f(5.0000001201e-1)))
    return fused(p * r, r, r), _power_of_two(shifted)


@njit(error_model="numpy")
def exponential(x: Any) -> Any:
    """e**x in every lane, within 2 units in the last place; 0 below -87, infinite above 88, not-a-number stays."""
    q, scale = _exponential_parts(x)
    y = fused(q, scale, scale)
    y = where(x > filled(x, _f(88.0)), filled(x, _f(np.inf)), y)
    return where(x < filled(x, _f(-87.0)), filled(x, _f(0.0)), y)


@njit(error_model="numpy")
def exponential_minus_one(x: Any) -> Any:
    """e**x - 1 in every lane, within 3 units in the last place near 0 too; at most e**88, not-a-number stays."""
    q, scale = _exponential_parts(x)
    return q * scale + (scale - filled(x, _f(1.0)))


@njit(error_model="numpy")
def logistic(x: Any) -> Any:
    """1 / (1 + e**-x) in every lane, within 3 units in the last place, 6e-39 below -88; not-a-number stays."""
    q, scale = _exponential_parts(filled(x, _f(0.0)) - x)
    one = filled(x, _f(1.0))
    return one / (fused(q, scale, scale) + one)


@njit(error_model="numpy")
def hyperbolic_tangent(x: Any) -> Any:
    """tanh in every lane, within 2 units in the last place.

    An odd polynomial near zero (Cephes library, `tanhf`), 1 - 2 / (e**2|x| + 1) beyond.
    """
    square = x * x
    p = filled(x, _f(-5.70498872745e-3))
    p = p * square + filled(x, _f(2.06390887954e-2))
    p = p * square + filled(x, _f(-5.37397155531e-2))
    p = p * square + filled(x, _f(1.33314422036e-1))
    p = p * square + filled(x, _f(-3.33332819422e-1))
    near = p * square * x + x
    one = filled(x, _f(1.0))
    two = filled(x, _f(2.0))
    size = absolute(x)
    far = one - two / (exponential(size + size) + one)
    far = where(x < filled(x, _f(0.0)), filled(x, _f(0.0)) - far, far)
    return where(square < filled(x, _f(0.390625)), near, far)


@njit(error_model="numpy")
def logarithm(x: Any) -> Any:
    """The natural logarithm in every lane, within 2 units in the last place; minus infinity for what counts as zero,
    below 1.2e-38, and not-a-number for negative numbers.
    """
    r = _mantissa(x) - filled(x, _f(1.0))
    e = _exponent(x)
    square = r * r
    p = filled(x, _f(7.0376836292e-2))
    p = p * r + filled(x, _f(-1.1514610310e-1))
    p = p * r + filled(x, _f(1.1676998740e-1))
    p = p * r + filled(x, _f(-1.2420140846e-1))
    p = p * r + filled(x, _f(1.4249322787e-1))
    p = p * r + filled(x, _f(-1.6668057665e-1))
    p = p * r + filled(x, _f(2.0000714765e-1))
    p = p * r + filled(x, _f(-2.4999993993e-1))
    p = p * r + filled(x, _f(3.3333331174e-1))
    low = p * r * square + e * filled(x, _f(-2.12194440e-4)) - square * filled(x, _f(0.5))
    y = r + low + e * filled(x, _f(0.693359375))
    y = where(x < filled(x, _f(2.0**-126)), filled(x, _f(-np.inf)), y)
    # Infinity and not-a-number stay as they are.
    y = where(x < filled(x, _f(np.inf)), y, x)
    return where(x < filled(x, _f(0.0)), filled(x, _f(np.nan)), y)


@njit(error_model="numpy")
def logarithm_of_one_plus(x: Any) -> Any:
    """log(1 + x) in every lane for finite x above -1, within 3 units in the last place near 0 too.

    The logarithm of the rounded sum, and to first order what the rounding lost.
    """
    sum_ = x + filled(x, _f(1.0))
    return logarithm(sum_) + (x - (sum_ - filled(x, _f(1.0)))) / sum_


@njit(error_model="numpy")
def error_function(x: Any) -> Any:
    """erf in every lane, within 3 units in the last place: an odd polynomial up to 1, beyond it 1 less a polynomial of
    1 / x**2 times e**(-x**2) / x.
    """
    square = x * x
    p = filled(x, _f(7.853861353153693e-5))
    p = p * square + filled(x, _f(-8.010193625184903e-4))
    p = p * square + filled(x, _f(5.188327685732524e-3))
    p = p * square + filled(x, _f(-2.685381193529856e-2))
    p = p * square + filled(x, _f(1.128358514861418e-1))
    p = p * square + filled(x, _f(-3.761262582423300e-1))
    p = p * square + filled(x, _f(1.128379165726710))
    one = filled(x, _f(1.0))
    inverse = one / absolute(x)
    t = inverse * inverse
    q = filled(x, _f(2.326819970068386e-2))
    q = q * t + filled(x, _f(-1.387039388740657e-1))
    q = q * t + filled(x, _f(3.687424674597105e-1))
    q = q * t + filled(x, _f(-5.824733027278666e-1))
    q = q * t + filled(x, _f(6.210004621745983e-1))
    q = q * t + filled(x, _f(-4.944515323274145e-1))
    q = q * t + filled(x, _f(3.404879937665872e-1))
    q = q * t + filled(x, _f(-2.741127028184656e-1))
    q = q * t + filled(x, _f(5.638259427386472e-1))
    far = one - exponential(filled(x, _f(0.0)) - square) * inverse * q
    far = where(x < filled(x, _f(0.0)), filled(x, _f(0.0)) - far, far)
    return where(square > one, far, p * x)
