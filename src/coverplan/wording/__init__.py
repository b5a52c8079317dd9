"""One voice for command line, report and library: figures, lists and statuses as people read them."""
