"""What the bundle starts. (The package `gui` uses relative imports, so its __main__ cannot be the script.)"""

import os
import sys

from gui.__main__ import main

RUNNING = "/proc/self/exe"

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

    # The bundle's modules are read out of the program's own file, each when it is first wanted. An upgrade
    # puts another file in its place: PyInstaller's reader would end the process, or take a wrong piece of the
    # new one. By this name the system opens the file that runs, also when it has no other name any more.
    if os.path.exists(RUNNING):
        sys.modules["pyimod02_importers"].pyz_archive._filename = RUNNING

sys.exit(main())
