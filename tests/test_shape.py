"""The shape of the code and the rules a reader of one file cannot see broken elsewhere.

Every rule is a row of RULES: what it looks at, what it finds, and an example that it must find, so that a
rule that has gone blind fails too. Who may import whom is in pyproject.toml, where import-linter reads it.
"""

from __future__ import annotations

import ast
import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import TypeAlias
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[1]
FILE_LINES, FUNCTION_LINES, CLASS_METHODS = 500, 60, 30  # of code: no comments, docstrings, blank lines

LIBRARY, WINDOW, TESTS = "storage_core/*", "gui/*", "tests/*"
SHIPPED = (LIBRARY, WINDOW)
ALL = (LIBRARY, WINDOW, TESTS, "dev.py")

DRIVERS = (
    *("local", "memory", "s3", "azure_blobs", "google_storage", "openstack_swift", "cloudfiles"),
    *("backblaze_b2", "aliyun_oss", "atmos"),
)
# Imports inside functions: optional extras, and modules that only some systems have.
EXTRAS = {"google", "google_crc32c", "botocore", "azure", "keystoneauth1", "Xlib"}
SYSTEMS = {"fcntl", "pwd", "winreg", "msvcrt"}
LOCKS = {"Lock", "RLock", "Condition", "Event", "Semaphore", "BoundedSemaphore", "local", "get_ident"}
SKIPPED_TOKENS = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
}


@dataclass(frozen=True)
class Source:
    path: str  # from the root, with slashes
    text: str

    @property
    def tree(self) -> ast.Module:
        return parse(self.text, self.path)


Found: TypeAlias = tuple[int, str]  # line, what is wrong
Find: TypeAlias = Callable[[Source], Iterator[Found]]


@dataclass(frozen=True)
class Rule:
    name: str
    find: Find
    bad: str  # an example it must find
    where: tuple[str, ...] = ALL
    but: tuple[str, ...] = ()
    bad_path: str = ""  # where the example stands; a file of the first folder when empty

    def covers(self, path: str) -> bool:
        return any(fnmatch(path, one) for one in self.where) and not any(
            fnmatch(path, one) for one in self.but
        )

    def violations(self, source: Source) -> list[str]:
        if not self.covers(source.path):
            return []
        return [f"{source.path}:{line}: {what}" for line, what in self.find(source)]


@cache
def parse(text: str, path: str = "") -> ast.Module:
    return ast.parse(text, path)


@cache
def sources() -> tuple[Source, ...]:
    files = [ROOT / "dev.py"]
    for folder in ("storage_core", "gui", "tests"):
        files += sorted((ROOT / folder).rglob("*.py"))
    return tuple(Source(file.relative_to(ROOT).as_posix(), file.read_text("utf-8")) for file in files)


# -- sizes --


@cache
def code_lines(text: str, path: str = "") -> frozenset[int]:
    """Numbers of the lines that hold code."""
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in SKIPPED_TOKENS:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(parse(text, path)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and (
            ast.get_docstring(node, clean=False) is not None
        ):
            docstring = node.body[0]
            lines -= set(range(docstring.lineno, (docstring.end_lineno or 0) + 1))
    return frozenset(lines)


def long_files(source: Source) -> Iterator[Found]:
    if (count := len(code_lines(source.text, source.path))) > FILE_LINES:
        yield 1, f"{count} lines of code, at most {FILE_LINES}: make it a folder"


def long_functions(source: Source) -> Iterator[Found]:
    code = code_lines(source.text, source.path)
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            count = sum(line in code for line in range(node.lineno, (node.end_lineno or 0) + 1))
            if count > FUNCTION_LINES:
                yield node.lineno, f"{node.name} has {count} lines of code, at most {FUNCTION_LINES}"


def big_classes(source: Source) -> Iterator[Found]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ClassDef) and node.name != "StorageDriver":
            count = sum(isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef) for item in node.body)
            if count > CLASS_METHODS:
                yield node.lineno, f"{node.name} has {count} methods, at most {CLASS_METHODS}"


def no_docstring(source: Source) -> Iterator[Found]:
    if not ast.get_docstring(source.tree):
        yield 1, "a module says what it is for in its first lines"


# -- small finders, from which most rules are made --


def called(call: ast.Call) -> str:
    """The name that is called, without what it is an attribute of."""
    match call.func:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""


def dotted(node: ast.AST) -> str:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=name):
            return f"{dotted(value)}.{name}"
    return ""


def calls(source: Source) -> Iterator[ast.Call]:
    return (node for node in ast.walk(source.tree) if isinstance(node, ast.Call))


def says(*names: str) -> Find:
    """A name, wherever it stands: used, imported, or as an attribute."""

    def find(source: Source) -> Iterator[Found]:
        for node in ast.walk(source.tree):
            match node:
                case ast.Name(id=name) | ast.Attribute(attr=name) | ast.alias(name=name):
                    if name in names:
                        yield node.lineno, f"{name} is not used here"

    return find


def uses(*names: str, instead: str) -> Find:
    """A dotted name (os.rename), also when its last part was imported from its first."""

    def find(source: Source) -> Iterator[Found]:
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Attribute) and dotted(node) in names:
                yield node.lineno, f"{dotted(node)}: use {instead}"
            if isinstance(node, ast.ImportFrom):
                for item in node.names:
                    if f"{node.module}.{item.name}" in names:
                        yield node.lineno, f"{node.module}.{item.name}: use {instead}"

    return find


def calls_of(*names: str) -> Find:
    """A builtin that is called by its bare name."""

    def find(source: Source) -> Iterator[Found]:
        for call in calls(source):
            if isinstance(call.func, ast.Name) and call.func.id in names:
                yield call.lineno, f"{call.func.id}() is not called here"

    return find


def imports(*modules: str, allowed: frozenset[str] = frozenset()) -> Find:
    """A module or anything below it; `allowed` are names that may be taken from it."""

    def find(source: Source) -> Iterator[Found]:
        for line, module, name in imported(source.tree):
            if any(module == one or module.startswith(f"{one}.") for one in modules) and name not in allowed:
                yield line, f"{module} is not imported here"

    return find


def imported(tree: ast.AST) -> Iterator[tuple[int, str, str]]:
    """Line, absolute module, and the name taken from it ("" for the module itself)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for item in node.names:
                yield node.lineno, item.name, ""
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            for item in node.names:
                yield node.lineno, node.module or "", item.name
                yield node.lineno, f"{node.module}.{item.name}", item.name


# -- rules with a finder of their own --


def late_imports(source: Source) -> Iterator[Found]:
    for function in ast.walk(source.tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.ImportFrom) and node.level:
                    yield node.lineno, "an import belongs to the top of the file"
            for line, module, _ in imported(function):
                if module.partition(".")[0] not in EXTRAS | SYSTEMS:
                    yield line, f"{module} belongs to the top of the file (only optional extras do not)"


def dialog_loops(source: Source) -> Iterator[Found]:
    """QDrag has no other verb than exec; dialogs and menus have open() and popup()."""
    for call in calls(source):
        name = dotted(call.func).split(".")
        if name[-1] in {"exec", "exec_"} and len(name) > 1 and name[-2] != "drag":
            yield call.lineno, "no loop within the loop: open() the dialog, await closed()"


def bare_excepts(source: Source) -> Iterator[Found]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ExceptHandler) and node.type is None:
            yield node.lineno, "except catches what it names"


def built_translations(source: Source) -> Iterator[Found]:
    for call in calls(source):
        if called(call) in {"tr", "translate"}:
            for argument in call.args:
                if isinstance(argument, ast.JoinedStr | ast.BinOp) or (
                    isinstance(argument, ast.Call) and called(argument) == "format"
                ):
                    yield call.lineno, "translators see the literal: fill it in after tr()"


def unescaped_texts(source: Source) -> Iterator[Found]:
    """QLabel, QMessageBox and tooltips guess rich text, so a name with a tag in it becomes markup."""
    plain = plain_names(source.tree)
    for call in calls(source):
        owner = dotted(call.func).split(".")
        if called(call) in {"QLabel", "setToolTip"}:
            arguments = call.args[:1]
        elif "QMessageBox" in owner[:-1] or owner == ["QMessageBox"]:
            arguments = call.args
        else:
            continue
        for argument in arguments:
            if not is_plain(argument, plain):
                yield call.lineno, f"{called(call)} takes a literal, tr(), or what gui.text has made plain"


def plain_names(tree: ast.Module) -> set[str]:
    """Functions of gui.text, widgets, and names that are given nothing but plain texts in this file."""
    plain = {"self", "parent", "tr", "translate"}
    values: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module=module, names=names) if (module or "").rpartition(".")[2] == "text":
                plain |= {item.asname or item.name for item in names}
            case ast.Assign(targets=[ast.Name() | ast.Attribute() as target], value=value):
                values.setdefault(dotted(target), []).append(value)
            case ast.arg(arg=name, annotation=ast.Name(id=kind)) if kind.startswith("Q"):
                plain.add(name)
    return plain | {name for name, given in values.items() if all(is_plain(one, plain) for one in given)}


def is_plain(node: ast.expr, plain: set[str]) -> bool:
    match node:
        case ast.Constant():
            return True
        case ast.Name() | ast.Attribute():
            return dotted(node) in plain or dotted(node).startswith("QMessageBox.")  # .Icon.Warning
        case ast.Call():  # a widget to stand in, or a text that is plain
            name = dotted(node.func)
            return called(node) in plain or name.startswith("text.") or called(node)[:1].isupper()
        case ast.IfExp(body=body, orelse=other):
            return is_plain(body, plain) and is_plain(other, plain)
    return False


def library_threads(source: Source) -> Iterator[Found]:
    yield from imports("concurrent", "multiprocessing", "asyncio", "_thread", "queue")(source)
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute) and dotted(node).startswith("threading."):
            if node.attr not in LOCKS:
                yield node.lineno, f"{dotted(node)}: storage_core has threads in transfers alone"
        elif isinstance(node, ast.ImportFrom) and node.module == "threading":
            for item in node.names:
                if item.name not in LOCKS:
                    yield node.lineno, f"threading.{item.name}: storage_core has threads in transfers alone"


def driver_imports(source: Source) -> Iterator[Found]:
    """A driver may have helpers that begin with its name (s3_xml), and Cloud Files extends Swift."""
    own = driver_of(Path(source.path).relative_to("storage_core/drivers").parts[0].removesuffix(".py"))
    depth = len(Path(source.path).parts) - 2  # dots that lead to storage_core.drivers
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.ImportFrom):
            continue
        module = node.module or ""
        if node.level == depth or module == "storage_core.drivers":
            others = [module.partition(".")[0]] if node.level and module else [one.name for one in node.names]
        elif module.startswith("storage_core.drivers."):
            others = [module.split(".")[2]]
        else:
            continue
        for other in others:
            pair = own, driver_of(other)
            if "" not in pair and len(set(pair)) == 2 and pair != ("cloudfiles", "openstack_swift"):
                yield node.lineno, f"drivers do not import each other: {own} and {other}"


def driver_of(name: str) -> str:
    """Whose file or helper this is; "" for what belongs to no driver."""
    return next((one for one in DRIVERS if name == one or name.startswith(f"{one}_")), "")


def door_imports(source: Source) -> Iterator[Found]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ImportFrom) and (
            node.level or (node.module or "").startswith("storage_core")
        ):
            for item in node.names:
                last = (node.module or item.name).rpartition(".")[2]
                if last != "errors":
                    yield node.lineno, f"a public door imports errors alone, not {last}"


def odd_keywords(name: str, why: str, good: object = None) -> Find:
    def find(source: Source) -> Iterator[Found]:
        for call in calls(source):
            for keyword in call.keywords:
                value = keyword.value
                if keyword.arg == name and not (isinstance(value, ast.Constant) and value.value is good):
                    yield call.lineno, f"{name}: {why}"

    return find


def vague_names(source: Source) -> Iterator[Found]:
    vague = re.compile(r"(Manager|Helper|Helpers|Util|Utils)$", re.IGNORECASE)
    if vague.search(Path(source.path).stem):
        yield 1, f"{source.path} does not say what it holds"
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ClassDef) and vague.search(node.name):
            yield node.lineno, f"{node.name} does not say what it is"


DOOR = ("storage_core/http.py", "storage_core/http/*", "storage_core/session.py")  # to the network
SPEAKS = ("gui/__main__.py", "gui/app.py", "gui/*tour*.py")  # on the command line
PROXY_LOOKUP = frozenset({"getproxies", "proxy_bypass"})  # reads settings, sends nothing
LINES = "\n".join(["a = 1"] * (FILE_LINES + 1))
BODY = "\n".join(["    a = 1"] * (FUNCTION_LINES + 1))
METHODS = "\n".join(f"    def m{n}(self): ..." for n in range(CLASS_METHODS + 1))

RULES = (
    Rule("files are short", long_files, LINES),
    Rule("functions are short", long_functions, f"def f():\n{BODY}"),
    Rule("classes are small", big_classes, f"class C:\n{METHODS}"),
    Rule("modules say what they are for", no_docstring, "a = 1"),
    Rule("names say something", vague_names, "class FileManager: ...", SHIPPED),
    Rule("imports are at the top", late_imports, "def f():\n    import json", (*SHIPPED, "dev.py")),
    Rule("relative imports are at the top", late_imports, "def f():\n    from .a import b", SHIPPED),
    Rule("gui imports itself by dots, as it ships as skyferry", imports("gui"), "import gui.text", (WINDOW,)),
    Rule("dialogs are awaited", dialog_loops, "dialog.exec()", (WINDOW,)),
    Rule("menus are awaited", dialog_loops, "menu.exec_(point)", (WINDOW,)),
    Rule("nobody pumps the event loop", says("processEvents"), "app.processEvents()", (WINDOW,)),
    Rule("nobody mutes signals", says("blockSignals"), "box.blockSignals(True)", (WINDOW,)),
    Rule(
        "qasync is used for its loop alone",
        says("asyncSlot", "asyncClose", "QThreadExecutor"),
        "from qasync import asyncSlot",
        (WINDOW,),
    ),
    Rule(
        "gui has threads in background alone",
        says("QThread", "QThreadPool", "QRunnable", "QtConcurrent"),
        "from PySide6.QtCore import QThread",
        (WINDOW,),
        ("gui/background.py",),
    ),
    Rule(
        "storage_core has threads in transfers alone",
        library_threads,
        "import threading\nthreading.Thread()",
        (LIBRARY,),
        ("storage_core/transfers/*",),
    ),
    Rule(
        "storage_core has executors in transfers alone",
        library_threads,
        "from concurrent.futures import ThreadPoolExecutor",
        (LIBRARY,),
        ("storage_core/transfers/*",),
    ),
    Rule(
        "one door leads to the network",
        imports("requests", "urllib3", "http.client", "urllib.request", allowed=PROXY_LOOKUP),
        "import requests",
        SHIPPED,
        DOOR,
    ),
    Rule("bodies are read raw", says("iter_content"), "reply.iter_content(1024)", SHIPPED),
    Rule(
        "what is signed is what is sent",
        odd_keywords("params", "requests would encode the query anew"),
        "session.get(url, params={'a': 1})",
        DOOR,
    ),
    Rule(
        "redirects are off",
        odd_keywords("allow_redirects", "secrets would go to the other host", good=False),
        "session.get(url, allow_redirects=True)",
        DOOR,
    ),
    Rule(
        "secrets live in one file",
        imports("keyring"),
        "import keyring",
        SHIPPED,
        ("gui/secrets.py",),
        bad_path="gui/accounts.py",
    ),
    Rule(
        "files are replaced",
        uses("os.rename", "os.renames", instead="os.replace"),
        "import os\nos.rename(a, b)",
    ),
    Rule(
        "durations use a clock nobody sets",
        uses("time.time", instead="time.monotonic, or datetime.now(UTC) for a date"),
        "import time\ntime.time()",
        SHIPPED,
    ),
    Rule("nothing that is read is run", imports("pickle", "marshal", "shelve"), "import pickle", SHIPPED),
    Rule("nothing that is said is run", calls_of("eval", "exec"), "eval(text)", (*SHIPPED, "dev.py")),
    Rule(
        "yaml is loaded safely", uses("yaml.load", instead="yaml.safe_load"), "import yaml\nyaml.load(text)"
    ),
    Rule("the library says nothing", calls_of("print"), "print(1)", SHIPPED, SPEAKS),
    Rule("errors are caught by name", bare_excepts, "try:\n    a()\nexcept:\n    b()"),
    Rule("translations are literals", built_translations, "self.tr(f'Delete {name}')", (WINDOW,)),
    Rule("translations are not added up", built_translations, "tr('Delete ' + name)", (WINDOW,)),
    Rule("labels hold no markup of others", unescaped_texts, "QLabel(name)", (WINDOW,), ("gui/text.py",)),
    Rule(
        "tooltips hold no markup of others",
        unescaped_texts,
        "button.setToolTip(entry.name)",
        (WINDOW,),
        ("gui/text.py",),
    ),
    Rule(
        "boxes hold no markup of others",
        unescaped_texts,
        "QMessageBox.warning(self, 'Title', str(error))",
        (WINDOW,),
        ("gui/text.py",),
    ),
    Rule(
        "the guide alone shows rich text, and that of our own files",
        says("QTextBrowser", "QTextEdit", "setHtml", "setMarkdown", "insertHtml", "appendHtml"),
        "area = QTextEdit()\narea.setHtml(name)",
        (WINDOW,),
        ("gui/dialogs/guide.py",),
    ),
    Rule(
        "the guide reads no HTML",
        says("QTextEdit", "setHtml", "insertHtml", "MarkdownDialectCommonMark"),
        "page.setHtml(text)",
        ("gui/dialogs/guide.py",),
        bad_path="gui/dialogs/guide.py",
    ),
    Rule(
        "drivers do not import each other",
        driver_imports,
        "from .local import LocalDriver",
        ("storage_core/drivers/*",),
        ("storage_core/drivers/__init__.py",),
        bad_path="storage_core/drivers/s3.py",
    ),
    Rule(
        "drivers do not import each other by full name",
        driver_imports,
        "from storage_core.drivers import local",
        ("storage_core/drivers/*",),
        ("storage_core/drivers/__init__.py",),
        bad_path="storage_core/drivers/s3.py",
    ),
    Rule(
        "public doors import errors alone",
        door_imports,
        "from .base import StorageDriver",
        ("storage_core/types.py", "storage_core/common/types.py"),
    ),
)

HARMLESS = (
    ("gui/dialogs/name.py", 'label = QLabel(self.tr("Name"), self)\nlabel.setToolTip("Its name")'),
    ("gui/panes/list.py", "drag = QDrag(self)\ndrag.exec(Qt.DropAction.CopyAction)"),
    ("gui/panes/list.py", "from ..text import plain\nrow.setToolTip(plain(entry.name))"),
    ("gui/panes/list.py", "page = QWidget(self)\npicture = QLabel(page)"),
    ("gui/panes/list.py", "why = self.tr('No')\nbutton.setToolTip(why)"),
    ("gui/panes/list.py", 'self.tr("Delete %n objects", "", count)'),
    ("gui/settings.py", "from urllib.request import getproxies"),
    ("storage_core/base/driver.py", "import threading\nlock = threading.Lock()"),
    ("storage_core/transfers/engine.py", "import threading\nthreading.Thread()"),
    ("storage_core/signing/aws.py", "def chain():\n    import botocore.session"),
    (
        "storage_core/drivers/s3.py",
        "from . import s3_xml\nfrom .s3_xml import page\nfrom ..base import Object",
    ),
    (
        "storage_core/drivers/swift/objects.py",
        "from .listing import page\nfrom ...errors import StorageError",
    ),
    ("storage_core/drivers/cloudfiles.py", "from .openstack_swift import SwiftDriver"),
    ("storage_core/types.py", "from .errors import LibcloudError\nfrom . import errors"),
    ("storage_core/drivers/local.py", "os.replace(a, b)\ntime.monotonic()"),
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_code_keeps_the_rule(rule):
    broken = [violation for source in sources() for violation in rule.violations(source)]
    assert not broken, "\n" + "\n".join(broken)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_rule_sees_what_it_forbids(rule):
    path = rule.bad_path or rule.where[0].replace("*", "example.py")
    assert rule.violations(Source(path, rule.bad))


@pytest.mark.parametrize(("path", "text"), HARMLESS)
def test_what_is_harmless_is_left_alone(path, text):
    rules = [rule for rule in RULES if rule.find is not no_docstring]
    assert [violation for rule in rules for violation in rule.violations(Source(path, text))] == []


def test_comments_docstrings_and_blank_lines_are_no_code():
    text = '"""Says\nmuch."""\n\n# why\ndef f():\n    """Does."""\n    return """two\nlines"""\n'
    assert code_lines(text) == {5, 7, 8}


def test_a_wheel_holds_two_packages_and_nothing_else(tmp_path):
    argv = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(argv, cwd=ROOT, check=True, capture_output=True)
    [wheel] = tmp_path.glob("*.whl")
    names = ZipFile(wheel).namelist()
    assert {name.partition("/")[0] for name in names} == {
        "skyferry",
        "storage_core",
        wheel.name.replace("-py3-none-any.whl", ".dist-info"),
    }
    assert {"skyferry/__init__.py", "storage_core/py.typed"} <= set(names)
    assert any(name.startswith("skyferry/resources/icons/") for name in names)
