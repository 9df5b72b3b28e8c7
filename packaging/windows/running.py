"""A hook that runs at each start of the bundle: Windows learns that it runs, and that its windows are one.

*not run* on Windows yet. The name is that of InitializeUninstall in skyferry.iss; the handle lives as long as
the process. Setup needs no name: it asks Windows' Restart Manager who holds its files. The id is that of the
entries in skyferry.iss: the taskbar puts a window under the pinned entry that has its id.
"""

import ctypes

ctypes.windll.kernel32.CreateMutexW(None, False, "SkyferryIsRunning")
ctypes.windll.shell32.SetCurrentProcessExplicitAppUserModelID("Skyferry.Skyferry")
