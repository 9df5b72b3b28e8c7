"""What the bundle starts. (The package `gui` uses relative imports, so its __main__ cannot be the script.)"""

import os
import sys

from gui.__main__ import main

if sys.platform == "linux":
    # PyInstaller points the system's loader and Qt to this folder. This program has been loaded by now, and
    # Qt finds its plugins from where its libraries are; a browser that we start would take ours for its own.
    # (Qt takes a comma in a path that it found by itself for the end of it: there it must be told.)
    for name in ("LD_LIBRARY_PATH", "QT_PLUGIN_PATH", "QML2_IMPORT_PATH"):
        if name == "QT_PLUGIN_PATH" and "," in os.environ.get(name, ""):
            continue
        os.environ.pop(name, None)
        if before := os.environ.pop(f"{name}_ORIG", None):
            os.environ[name] = before

sys.exit(main())
