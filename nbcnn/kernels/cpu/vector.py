"""A Numba type for one vector of float32 lanes, so that kernels read as formulas on lanes.

`Vector(L)` is LLVM's `<L x float>` and `Mask(L)` its `<L x i1>`. Loops over a lane index are vectorised only when LLVM
sees through them; values of these types always are.
"""

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core.typing import signature
from numba.core.typing.templates import AbstractTemplate, infer_global
from numba.extending import intrinsic, lower_builtin, models, register_model

_FLOAT = ir.FloatType()
_INTEGER = ir.IntType(32)


class Vector(types.Type):
    """`lanes` float32 values in one register."""

    def __init__(self, lanes: int) -> None:
        self.lanes = lanes
        super().__init__(name=f"Vector({lanes})")


class Mask(types.Type):
    """`lanes` truth values, the result of comparing two vectors."""

    def __init__(self, lanes: int) -> None:
        self.lanes = lanes
        super().__init__(name=f"Mask({lanes})")


@register_model(Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Vector) -> None:
        super().__init__(manager, kind, ir.VectorType(_FLOAT, kind.lanes))


@register_model(Mask)
class _MaskModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Mask) -> None:
        super().__init__(manager, kind, ir.VectorType(ir.IntType(1), kind.lanes))


def _operator(symbol: Callable[..., Any], operand: type, result: type, emit: Callable[..., Any]) -> None:
    """Teach Numba `symbol` between two values of type `operand`."""

    @infer_global(symbol)
    class _Template(AbstractTemplate):
        def generic(self, args: Any, kws: Any) -> Any:
            if len(args) == 2 and all(isinstance(a, operand) for a in args) and args[0] == args[1]:
                return signature(result(args[0].lanes), *args)
            return None

    @lower_builtin(symbol, operand, operand)
    def _lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return emit(builder, *args)


_operator(operator.add, Vector, Vector, lambda builder, a, b: builder.fadd(a, b))
_operator(operator.sub, Vector, Vector, lambda builder, a, b: builder.fsub(a, b))
_operator(operator.mul, Vector, Vector, lambda builder, a, b: builder.fmul(a, b))
_operator(operator.truediv, Vector, Vector, lambda builder, a, b: builder.fdiv(a, b))
_operator(operator.gt, Vector, Mask, lambda builder, a, b: builder.fcmp_ordered(">", a, b))
_operator(operator.lt, Vector, Mask, lambda builder, a, b: builder.fcmp_ordered("<", a, b))
_operator(operator.eq, Vector, Mask, lambda builder, a, b: builder.fcmp_ordered("==", a, b))
_operator(operator.ne, Vector, Mask, lambda builder, a, b: builder.fcmp_unordered("!=", a, b))
_operator(operator.or_, Mask, Mask, lambda builder, a, b: builder.or_(a, b))


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


def repeat(builder: Any, count: int, value: Any) -> Any:
    """One scalar in every lane, for code that emits LLVM itself."""
    undefined = ir.Constant(ir.VectorType(_FLOAT, count), ir.Undefined)
    first = builder.insert_element(undefined, value, _INTEGER(0))
    return builder.shuffle_vector(first, undefined, ir.Constant(ir.VectorType(_INTEGER, count), [0] * count))


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


@intrinsic
def horizontal_sum(typing_context, vector):
    """Add all lanes of a vector, as a tree."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        name = f"llvm.vector.reduce.fadd.v{vector.lanes}f32"
        function = declare(builder, name, _FLOAT, [_FLOAT, args[0].type])
        return builder.call(function, [ir.Constant(_FLOAT, -0.0), args[0]], fastmath=("reassoc",))

    return types.float32(vector), codegen


@intrinsic
def square_root(typing_context, vector):
    """Take the square root of every lane, correctly rounded."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        kind = args[0].type
        return builder.call(declare(builder, f"llvm.sqrt.v{vector.lanes}f32", kind, [kind]), args)

    return vector(vector), codegen


@intrinsic
def _round(typing_context, vector):
    """Round every lane to the nearest integer, ties to even."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        kind = args[0].type
        return builder.call(declare(builder, f"llvm.rint.v{vector.lanes}f32", kind, [kind]), args)

    return vector(vector), codegen


@intrinsic
def _power_of_two(typing_context, vector):
    """2**v for whole numbers v in [-126, 127], by writing the exponent bits; not-a-number gives 1."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        integers = ir.VectorType(_INTEGER, vector.lanes)
        name = f"llvm.fptosi.sat.v{vector.lanes}i32.v{vector.lanes}f32"
        whole = builder.call(declare(builder, name, integers, [args[0].type]), args)
        exponent = builder.add(whole, ir.Constant(integers, [127] * vector.lanes))
        return builder.bitcast(builder.shl(exponent, ir.Constant(integers, [23] * vector.lanes)), args[0].type)

    return vector(vector), codegen


_f = np.float32


@njit(error_model="numpy")
def exponential(x: Any) -> Any:
    """e**x in every lane, within 2 units in the last place; saturates at e**-87 and e**88, not-a-number stays.

    Range reduction by log 2 in two parts and a degree-5 polynomial: S. Moshier, Cephes library, `expf`.
    """
    x = where(x < filled(x, _f(-87.0)), filled(x, _f(-87.0)), x)
    x = where(x > filled(x, _f(88.0)), filled(x, _f(88.0)), x)
    n = _round(x * filled(x, _f(1.44269504088896341)))
    r = x - n * filled(x, _f(0.693359375)) + n * filled(x, _f(2.12194440e-4))
    p = filled(x, _f(1.9875691500e-4))
    p = p * r + filled(x, _f(1.3981999507e-3))
    p = p * r + filled(x, _f(8.3334519073e-3))
    p = p * r + filled(x, _f(4.1665795894e-2))
    p = p * r + filled(x, _f(1.6666665459e-1))
    p = p * r + filled(x, _f(5.0000001201e-1))
    return (p * r * r + r + filled(x, _f(1.0))) * _power_of_two(n)


@njit(error_model="numpy")
def hyperbolic_tangent(x: Any) -> Any:
    """tanh in every lane: an odd polynomial near zero, 1 - 2 / (e**2x + 1) beyond (Cephes library, `tanhf`)."""
    square = x * x
    p = filled(x, _f(-5.70498872745e-3))
    p = p * square + filled(x, _f(2.06390887954e-2))
    p = p * square + filled(x, _f(-5.37397155531e-2))
    p = p * square + filled(x, _f(1.33314422036e-1))
    p = p * square + filled(x, _f(-3.33332819422e-1))
    near = p * square * x + x
    one = filled(x, _f(1.0))
    two = filled(x, _f(2.0))
    far = one - two / (exponential(x + x) + one)
    return where(square < filled(x, _f(0.390625)), near, far)
