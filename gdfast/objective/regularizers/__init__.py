"""Regularizers: functions of the weights alone, added to the data's loss."""
