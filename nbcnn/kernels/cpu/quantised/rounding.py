"""Numbers in units of a scale become its bytes, and words of four of them."""

from typing import Any

from llvmlite import ir

from nbcnn.kernels.cpu.language.later import intrinsic, types
from nbcnn.kernels.cpu.language.vector import Vector, declare, repeat

_I64 = ir.IntType(64)
_I32 = ir.IntType(32)
_I8 = ir.IntType(8)
_I1 = ir.IntType(1)
_FLOAT = ir.FloatType()


def nearest_bytes(builder: Any, value: Any, zero: Any) -> Any:
    """Emit: whole numbers from 0 to 255 nearest to value + zero, ties of value to even; not-a-number becomes 255."""
    kind = value.type
    rounded = builder.call(declare(builder, f"llvm.rint.v{kind.count}f32", kind, [kind]), [value])
    value = builder.fadd(rounded, repeat(builder, kind.count, zero))
    for bound, order in ((255.0, "<"), (0.0, ">")):
        limit = ir.Constant(kind, [bound] * kind.count)
        value = builder.select(builder.fcmp_ordered(order, value, limit), value, limit)
    return builder.fptosi(value, ir.VectorType(_I32, kind.count))


def store_whole(builder: Any, whole: Any, address: Any) -> None:
    """Emit: write whole numbers from 0 to 255 as one byte a lane."""
    kind = ir.VectorType(_I8, whole.type.count)
    builder.store(builder.trunc(whole, kind), builder.inttoptr(address, kind.as_pointer()), align=1)


@intrinsic
def store_nearest(typing_context, vector, zero, address):
    """Write a vector in units of a scale as bytes."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        store_whole(builder, nearest_bytes(builder, args[0], args[1]), args[2])
        return context.get_dummy_value()

    return types.void(vector, types.float32, types.int64), codegen


@intrinsic
def store_first_nearest(typing_context, vector, zero, address, count):
    """Write the first `count` lanes of a vector in units of a scale as bytes."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        vector, zero, address, count = args
        lanes = vector.type.count
        kind = ir.VectorType(_I8, lanes)
        whole = builder.trunc(nearest_bytes(builder, vector, zero), kind)
        pointer = builder.inttoptr(address, kind.as_pointer())
        mask = _between(builder, lanes, _I64(0), count)
        name = f"llvm.masked.store.v{lanes}i8.p0"
        function = declare(builder, name, ir.VoidType(), [kind, pointer.type, _I32, mask.type])
        builder.call(function, [whole, pointer, _I32(1), mask])
        return context.get_dummy_value()

    return types.void(vector, types.float32, types.int64, types.int64), codegen


@intrinsic
def with_byte(typing_context, words, vector, zero, number):
    """Words whose byte `number` was 0, with that of a vector in units of a scale in its place."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        words, vector, zero, number = args
        integers = ir.VectorType(_I32, vector.type.count)
        bits = builder.trunc(builder.shl(number, _I64(3)), _I32)
        whole = builder.shl(nearest_bytes(builder, vector, zero), repeat(builder, integers.count, bits))
        return builder.bitcast(builder.or_(builder.bitcast(words, integers), whole), vector.type)

    return words(words, vector, types.float32, types.int64), codegen


def _between(builder: Any, lanes: int, first: Any, last: Any) -> Any:
    numbers = ir.Constant(ir.VectorType(_I64, lanes), list(range(lanes)))
    least, limit = (repeat(builder, lanes, bound) for bound in (first, last))
    return builder.and_(builder.icmp_signed(">=", numbers, least), builder.icmp_signed("<", numbers, limit))


def _load_between(builder: Any, element: Any, lanes: int, args: Any, align: int) -> Any:
    _, address, first, last = args
    kind, mask = ir.VectorType(element, lanes), ir.VectorType(_I1, lanes)
    letters = "f32" if element is _FLOAT else "i8"
    pointer = builder.inttoptr(address, kind.as_pointer())
    name = f"llvm.masked.load.v{lanes}{letters}.p0"
    function = declare(builder, name, kind, [pointer.type, _I32, mask, kind])
    nothing = ir.Constant(kind, None)
    return builder.call(function, [pointer, _I32(align), _between(builder, lanes, first, last), nothing])


@intrinsic(prefer_literal=True)
def load_between(typing_context, lanes, address, first, last):
    """Read float32 into the lanes from `first` to before `last`; the others are 0, and no memory is read for them."""
    total = lanes.literal_value

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _load_between(builder, _FLOAT, total, args, 4)

    return Vector(total)(lanes, types.int64, types.int64, types.int64), codegen


@intrinsic(prefer_literal=True)
def load_bytes_between(typing_context, lanes, address, first, last):
    """The same for bytes, as numbers from 0 to 255."""
    total = lanes.literal_value

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        whole = _load_between(builder, _I8, total, args, 1)
        return builder.uitofp(whole, ir.VectorType(_FLOAT, total))

    return Vector(total)(lanes, types.int64, types.int64, types.int64), codegen


@intrinsic(prefer_literal=True)
def store_first(typing_context, words, address, step, count):
    """Write the first `count` words, each `step` bytes behind the one before."""
    step_bytes = step.literal_value

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        words, address, _, count = args
        kind, lanes = words.type, words.type.count
        mask = _between(builder, lanes, _I64(0), count)
        if step_bytes == 4:
            pointer: Any = builder.inttoptr(address, kind.as_pointer())
            name = f"llvm.masked.store.v{lanes}f32.p0"
        else:
            steps = ir.Constant(ir.VectorType(_I64, lanes), [step_bytes * lane for lane in range(lanes)])
            places = builder.add(repeat(builder, lanes, address), steps)
            pointer = builder.inttoptr(places, ir.VectorType(_FLOAT.as_pointer(), lanes))
            name = f"llvm.masked.scatter.v{lanes}f32.v{lanes}p0"
        function = declare(builder, name, ir.VoidType(), [kind, pointer.type, _I32, mask.type])
        builder.call(function, [words, pointer, _I32(4), mask])
        return context.get_dummy_value()

    return types.void(words, types.int64, step, types.int64), codegen
