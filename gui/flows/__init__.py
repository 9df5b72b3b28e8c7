"""One user story per file, top to bottom."""
