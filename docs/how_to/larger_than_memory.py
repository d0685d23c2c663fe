"""The steps of docs/how_to/larger_than_memory.md as one script: `pip install 'gdfast[io,dask]'`, then run this file.

From an array to a file, a folder, Zarr, HDF5 and a cluster of two worker processes on this machine: the line that makes
the objective is another one each time, and nothing else. The files lie in a temporary folder.
"""

from __future__ import annotations

import os
import tempfile
from typing import Any

import dask.array as da
import h5py
import numpy as np
import zarr
from dask.distributed import Client, LocalCluster

import gdfast as gd
from gdfast.distributed import DaskObjective

TERMS: dict[str, Any] = {"loss": gd.CrossEntropy(), "regularizer": gd.L2(1e-3), "scale": np.full(64, 64.0)}


def fit(objective: Any) -> Any:
    """The optimum, and what was found."""
    result = gd.solve(objective, tol=1e-4)
    accuracy = objective.accuracy(result.w)
    print(f"{objective}\n    {result.value:.4f} after {result.passes:.0f} passes, accuracy {accuracy:.3f}", flush=True)
    return result.w


def main() -> None:
    """Every step."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 5, 6000)
    X = np.clip(128 + 24 * (rng.normal(size=(5, 64))[y] + 2.5 * rng.normal(size=(6000, 64))), 0, 255).astype(np.uint8)
    np.save("train.npy", X)
    np.save("train_labels.npy", y)
    os.mkdir("parts")
    for i, rows in enumerate(np.array_split(np.arange(6000), 4)):
        np.save(f"parts/part-{i}.npy", X[rows])
        np.save(f"parts/part-{i}_labels.npy", y[rows])
    zarr.create_array("train.zarr", data=X, chunks=(1000, 64))
    with h5py.File("train.h5", "w") as file:
        file["X"], file["y"] = X, y

    fit(gd.LinearObjective(X, y, **TERMS))
    fit(gd.ChunkedObjective("train.npy", **TERMS))
    fit(gd.ChunkedObjective(np.load("train.npy", mmap_mode="r"), y, **TERMS))
    fit(gd.ChunkedObjective("parts", **TERMS))
    fit(gd.ChunkedObjective("train.h5::/X", "train.h5::/y", **TERMS))
    fit(gd.ChunkedObjective("train.zarr", y, **TERMS))
    here = fit(gd.ChunkedObjective(da.from_zarr("train.zarr"), y, **TERMS))
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster,
        Client(cluster) as client,
    ):  # fmt: skip
        there = fit(DaskObjective(da.from_zarr("train.zarr"), y, client=client, **TERMS))
    print("the same bits on the cluster:", np.array_equal(here, there))


if __name__ == "__main__":  # the worker processes import this file
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        main()
        os.chdir("/")
