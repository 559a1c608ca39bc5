"""Layer types, one file each: fields, shape rule, window, parameters and operation count; no arrays anywhere."""
