"""Which lanes a machine has."""

import llvmlite.binding as llvm

from nbcnn.machine.processor import processor_features


def test_the_system_and_the_compiler_agree_on_what_the_processor_can_do() -> None:
    compiler = {name for name, is_there in llvm.get_host_cpu_features().items() if is_there}
    words = {"avx512f", "avx2", "fma"}
    assert processor_features() & words == compiler & words
