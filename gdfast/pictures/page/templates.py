"""Class weight templates: each class's weights as a small PNG within the page."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np

from ...notebook import escaped
from ...protocols import FloatArray
from ..plots.templates import class_pictures
from .html import Section, paragraph
from .report import Templates

MOST_COLUMNS = 12  # of a wide window


def section(templates: Templates) -> Section:
    """A picture for each class, under its name."""
    names, pictures = class_pictures(templates.W, templates.shape, templates.class_names, templates.scale)
    shown = "".join(
        f'<figure><img src="data:image/png;base64,{base64.b64encode(png(picture)).decode()}" '
        f'width="{picture.shape[1]}" height="{picture.shape[0]}" alt="The weights of class {escaped(name)}">'
        f"<figcaption>{escaped(name)}</figcaption></figure>"
        for name, picture in zip(names, pictures, strict=True)
    )
    says = paragraph(
        "Each class's weights as an image: bright pixels of the template raise the score of the class, dark ones lower "
        "it; middle grey is zero. Each class has its own scale."
    )
    columns = len(names) if len(names) <= MOST_COLUMNS else MOST_COLUMNS // 2
    grid = f'<div class="templates" style="--columns: {columns}">{shown}</div>'
    return Section("templates-section", "Class weight templates", says + grid)


def png(picture: FloatArray) -> bytes:
    """Brightness in [0, 1], (rows, columns) or (rows, columns, 3), as a PNG file of 8 bits a colour."""
    pixels = np.round(255 * picture).astype(np.uint8)
    rows, columns = pixels.shape[:2]
    head = struct.pack(">2I5B", columns, rows, 8, 0 if pixels.ndim == 2 else 2, 0, 0, 0)
    lines = b"".join(b"\0" + line.tobytes() for line in pixels)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
