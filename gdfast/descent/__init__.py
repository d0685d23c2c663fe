"""How it is minimised: one visible loop, in which "which way" and "how far" are two arguments.

The public names live in the modules of this folder and are importable from `gdfast` itself.
"""
