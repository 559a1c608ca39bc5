"""How single numbers of a network come about, written out to be read."""
