"""The window, played with real widgets."""
