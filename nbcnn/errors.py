"""Errors that a user can cause or cure; every room may stand on this file and it stands on none.

A message reads *place: rule with both numbers; cure*. The command line prints it without a traceback.
"""


class NbcnnWarning(UserWarning):
    """Something that hinders nobody now and is worth knowing, in one line."""


class NbcnnError(Exception):
    """Base of every error that nbcnn raises on purpose."""

    exit_code = 1


class InputError(NbcnnError):
    """Bad input of any kind: spec, data, weights or option."""

    exit_code = 2


class SpecError(InputError):
    """A spec that cannot be read or does not describe a network."""


class DataError(InputError):
    """Data that is missing, damaged or does not fit the network."""


class WeightsError(InputError):
    """A weights file that is missing, damaged or belongs to another spec."""


class DivergenceError(NbcnnError):
    """Training produced a loss that is not a finite number."""


class Interrupted(NbcnnError):
    """A signal asked the run to stop; the checkpoint has been saved.

    `exit_code` is 128 plus the signal's number, as shells report it.
    """

    def __init__(self, message: str, signal_number: int):
        super().__init__(message)
        self.exit_code = 128 + signal_number
