"""The operations on the CPU: samples are vector lanes, and compiled kernels walk a table; ../README.md tells how."""
