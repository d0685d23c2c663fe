"""An objective along a line or on a plane."""
