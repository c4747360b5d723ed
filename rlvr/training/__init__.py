"""Training: batches, sources of batches, backends, checkpoints and the loop."""
