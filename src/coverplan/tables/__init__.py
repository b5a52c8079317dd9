"""Tables in and out: CSV exports to problems, generated books, folders of columns, plans as CSV."""
