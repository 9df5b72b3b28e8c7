"""Pure signing: a request goes in, headers or a URL come out; no I/O, no clock of its own."""
