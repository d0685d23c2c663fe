"""Rows that need not fit into memory: files, stores and arrays of many kinds as one `ChunkSource`."""

from .opening import chunk_source
from .source import ChunkSource

__all__ = ["ChunkSource", "chunk_source"]
