"""Mixed-integer programs as flat arrays, their limits and their results; knows nothing of sales."""
