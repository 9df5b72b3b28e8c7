"""A hook that runs at each start of the bundle: says that Skyferry runs, for the uninstaller to see.

*not run* on Windows yet. The name is that of InitializeUninstall in skyferry.iss; the handle lives as long as
the process. Setup needs no name: it asks Windows' Restart Manager who holds its files.
"""

import ctypes

ctypes.windll.kernel32.CreateMutexW(None, False, "SkyferryIsRunning")
