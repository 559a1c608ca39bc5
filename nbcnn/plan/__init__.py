"""The only room where arrays meet kernels: lowering a network to a program, placing it in an arena, walking its table."""
