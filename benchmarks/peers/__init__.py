"""Other ways to solve the same arrays, one file each."""
