"""What Numba has to know of vectors of lanes and of masks: their types, how they lie in registers, their operators."""

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core.typing import signature
from numba.core.typing.templates import AbstractTemplate, infer_global
from numba.extending import lower_builtin, models, register_model


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
        super().__init__(manager, kind, ir.VectorType(ir.FloatType(), kind.lanes))


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
_operator(operator.ge, Vector, Mask, lambda builder, a, b: builder.fcmp_ordered(">=", a, b))
_operator(operator.le, Vector, Mask, lambda builder, a, b: builder.fcmp_ordered("<=", a, b))
_operator(operator.eq, Vector, Mask, lambda builder, a, b: builder.fcmp_ordered("==", a, b))
_operator(operator.ne, Vector, Mask, lambda builder, a, b: builder.fcmp_unordered("!=", a, b))
_operator(operator.or_, Mask, Mask, lambda builder, a, b: builder.or_(a, b))
_operator(operator.and_, Mask, Mask, lambda builder, a, b: builder.and_(a, b))
