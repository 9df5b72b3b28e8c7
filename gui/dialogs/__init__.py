"""Dialogs: they collect and validate, they never do the work."""
