"""storage_core: one storage API over every object store. Start at `storage_core.providers.get_driver`."""

__version__ = "0.1.0"
