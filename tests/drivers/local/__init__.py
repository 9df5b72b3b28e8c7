"""Folders of this computer as an object store."""
