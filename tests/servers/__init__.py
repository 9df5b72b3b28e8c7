"""Real servers, and wilfully bad ones, for tests: started on free ports, ended by process id, logs kept."""
