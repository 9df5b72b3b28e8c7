"""The tests: see `python3 dev.py test --help`."""
