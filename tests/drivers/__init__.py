"""Tests of single drivers, beyond the contract that tests/conformance judges."""
