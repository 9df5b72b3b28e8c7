"""The window, and the only place that knows which command, click or drop starts which flow."""

from .window import MainWindow

__all__ = ["MainWindow"]
