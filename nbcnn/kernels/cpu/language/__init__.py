"""What kernels are written in: vectors of lanes, rows of the table, and decorators that wait for Numba."""
