"""The documented storage API, example by example and name by name."""
