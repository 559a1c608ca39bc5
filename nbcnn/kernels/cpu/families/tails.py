"""Vectors at the end of a plain array, which may hold fewer numbers than there are lanes."""

from typing import Any

from nbcnn.kernels.cpu.language.later import cgutils, intrinsic, ir, types
from nbcnn.kernels.cpu.language.vector import Vector, declare


def _all_are_there(builder: Any, lanes: int, count: Any) -> Any:
    return builder.icmp_signed(">=", count, ir.Constant(count.type, lanes))


def _mask(builder: Any, lanes: int, count: Any) -> Any:
    """True in the first `count` lanes."""
    numbers = ir.VectorType(count.type, lanes)
    first = builder.insert_element(ir.Constant(numbers, ir.Undefined), count, ir.IntType(32)(0))
    everywhere = builder.shuffle_vector(first, first, ir.Constant(ir.VectorType(ir.IntType(32), lanes), [0] * lanes))
    return builder.icmp_signed("<", ir.Constant(numbers, list(range(lanes))), everywhere)


@intrinsic(prefer_literal=True)
def load_first(typing_context, lanes, address, count):
    """Read `count` numbers, or a vector if there are more, into the first lanes; the others are 0."""
    width = lanes.literal_value

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        kind = context.get_value_type(sig.return_type)
        pointer = builder.inttoptr(args[1], kind.as_pointer())
        result = cgutils.alloca_once(builder, kind)
        with builder.if_else(_all_are_there(builder, width, args[2]), likely=True) as (whole, part):
            with whole:
                builder.store(builder.load(pointer, align=4), result)
            with part:
                name = f"llvm.masked.load.v{width}f32.p0"
                mask = _mask(builder, width, args[2])
                operands = [pointer.type, ir.IntType(32), mask.type, kind]
                function = declare(builder, name, kind, operands)
                zeros = ir.Constant(kind, [0.0] * width)
                builder.store(builder.call(function, [pointer, ir.IntType(32)(4), mask, zeros]), result)
        return builder.load(result)

    return Vector(width)(lanes, types.int64, types.int64), codegen


@intrinsic
def store_first(typing_context, vector, address, count):
    """Write the first `count` numbers of a vector, or all if there are fewer."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        kind = args[0].type
        pointer = builder.inttoptr(args[1], kind.as_pointer())
        with builder.if_else(_all_are_there(builder, vector.lanes, args[2]), likely=True) as (whole, part):
            with whole:
                builder.store(args[0], pointer, align=4)
            with part:
                name = f"llvm.masked.store.v{vector.lanes}f32.p0"
                mask = _mask(builder, vector.lanes, args[2])
                operands = [kind, pointer.type, ir.IntType(32), mask.type]
                function = declare(builder, name, ir.VoidType(), operands)
                builder.call(function, [args[0], pointer, ir.IntType(32)(4), mask])
        return context.get_dummy_value()

    return types.void(vector, types.int64, types.int64), codegen
