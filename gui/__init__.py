"""The window: accounts, containers, objects and transfers of every object store."""
