"""Books and plans by columns: tables in, tables out, no Python object per account."""
