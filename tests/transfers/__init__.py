"""Tests of operations and of the transfer engine."""
