"""A linear objective on rows that are read chunk by chunk."""
