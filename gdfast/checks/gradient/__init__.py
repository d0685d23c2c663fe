"""The gradient check: analytic derivatives against difference quotients, and what a difference means."""
