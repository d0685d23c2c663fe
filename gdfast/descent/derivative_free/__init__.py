"""Searches that need no gradient: random, local, and hill climbing over discrete neighbours."""
