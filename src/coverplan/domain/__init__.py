"""The facts of a sales coverage problem as numpy columns, and what follows from them."""
