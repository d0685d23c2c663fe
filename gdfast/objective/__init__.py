"""WHAT is minimised: losses, regularizers, the linear objective, user functions, rays and mini-batches."""
