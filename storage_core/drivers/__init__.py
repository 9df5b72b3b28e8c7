"""One file (or folder) per protocol; a driver knows its wire and nothing of its neighbours."""
