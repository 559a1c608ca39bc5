"""How kernels become machine code: found on disk, verified, or compiled by several processes."""
