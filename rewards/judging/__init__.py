"""The judge: runs verifiers in killable worker processes, or asks a model, and scores what already exists."""
