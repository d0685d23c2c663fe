"""Data, ready for a linear model: rows, integer labels, and a held-out part where the source has one.

`load` reads files of many kinds; `load_digits`, `load_cifar10` and `fetch_cifar10` are real images. Whatever lies on
the disk as uint8, float16 or float32 stays so, and a .npy file stays on the disk: the kernels read them as they are.
"""

from .cifar10 import load_cifar10
from .dataset import Dataset, Images, Labels, Pixels
from .digits import load_digits
from .download import fetch_cifar10
from .reading import load

__all__ = ["Dataset", "Images", "Labels", "Pixels", "fetch_cifar10", "load", "load_cifar10", "load_digits"]
