"""`python -m selfsup_engine`."""

from selfsup_engine.cli import main

main()
