"""A second signal ends the command at once, whatever it is at."""

import os
import signal
import subprocess
import sys
import time

import pytest

# Like a kernel, it lets other threads run and hears of no signal until it returns, which takes minutes.
PROGRAM = """
import hashlib
from nbcnn_cli.signals import a_second_one_ends, end_in_order
end_in_order()
with a_second_one_ends():
    print("ready", flush=True)
    hashlib.pbkdf2_hmac("sha256", b"", b"", 2**31 - 1)
"""


@pytest.mark.skipif(os.name != "posix", reason="Windows has no pipe for signals")
@pytest.mark.parametrize(("numbers", "code"), [((2, 2), 130), ((15, 15), 143), ((1, 1), 129), ((2, 15), 143)])
def test_a_second_signal_ends_what_hears_of_none(numbers: tuple[int, int], code: int) -> None:
    command = [sys.executable, "-c", PROGRAM]
    # pytest may have been started by a shell that has its background jobs ignore the first.
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as process:
        try:
            assert process.stdout is not None and process.stderr is not None
            assert process.stdout.readline() == "ready\n"
            time.sleep(0.5)  # until it hears of none
            process.send_signal(numbers[0])
            time.sleep(0.3)
            assert process.poll() is None
            process.send_signal(numbers[1])
            assert process.wait(20) == code
            assert process.stderr.read() == "nbcnn: stopped at once; what was saved before is whole\n"
        finally:
            process.kill()
