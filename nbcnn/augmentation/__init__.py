"""What is done to training samples before each step: loops over whole batches, their numbers drawn by counter."""
