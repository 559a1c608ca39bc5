"""What an operation writes itself into: buffers without memory yet, and calls of kernels over them."""
