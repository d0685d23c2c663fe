"""The linear objective: a loss on scores after one matrix product, plus a regularizer."""
