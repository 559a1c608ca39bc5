"""Loops over arrays: one folder per device, one file per operation, the same names and arguments in each."""
