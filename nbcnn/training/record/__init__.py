"""What a run leaves in its folder, and reads there again: one file for each kind of trace.

folder.py chooses or makes the folder, lock.py keeps other runs out of it, checkpoints.py writes last.h5 and model.h5,
history.py a row for each epoch, provenance.py run.json, and first_steps.py what it notes of the first steps.
"""
