"""Loops that several operations share, one file for each kind."""
