"""The transport rules of DESIGN 4, each against a server that says exactly what the test scripted."""
