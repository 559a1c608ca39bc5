"""Where arrays meet kernels: a network becomes a program, a program gets its place in an arena, its table is walked."""
