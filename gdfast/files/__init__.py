"""Arrays on disk: .npy and .npz, read without pickle and written atomically."""
