"""`python -m coverplan` is the command line."""

from coverplan.cli import main

main()
