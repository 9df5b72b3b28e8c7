"""Partial responses: `fields=items(name,size),nextPageToken`, `items/name`, `*`.

Source: https://cloud.google.com/storage/docs/json_api#partial-response
"""

from __future__ import annotations

from typing import Any

from tests.servers.google_standin_wire import invalid

Tree = dict[str, Any]  # by name: what is kept below it; empty keeps everything


def partial(value: Any, fields: str) -> Any:
    """What of `value` was asked for; everything where `fields` is empty."""
    return kept(value, parsed(fields)) if fields else value


def parsed(text: str) -> Tree:
    tree, end = branch(text, 0)
    if end != len(text):
        raise invalid(f"Invalid field selection {text}", "invalidParameter")
    return tree


def branch(text: str, at: int) -> tuple[Tree, int]:
    tree: Tree = {}
    while True:
        start = at
        while at < len(text) and text[at] not in ",/()":
            at += 1
        name = text[start:at].strip()
        if not name:
            raise invalid(f"Invalid field selection {text}", "invalidParameter")
        below: Tree = {}
        if at < len(text) and text[at] == "/":
            below, at = one_path(text, at + 1)
        elif at < len(text) and text[at] == "(":
            below, at = branch(text, at + 1)
            if at >= len(text) or text[at] != ")":
                raise invalid(f"Invalid field selection {text}", "invalidParameter")
            at += 1
        if name in tree and tree[name] and below:
            tree[name] = {**tree[name], **below}
        else:
            tree[name] = below
        if at >= len(text) or text[at] != ",":
            return tree, at
        at += 1


def one_path(text: str, at: int) -> tuple[Tree, int]:
    """What follows a slash: one name, with what is below it."""
    start = at
    while at < len(text) and text[at] not in ",/()":
        at += 1
    name = text[start:at].strip()
    if at < len(text) and text[at] == "/":
        below, at = one_path(text, at + 1)
        return {name: below}, at
    if at < len(text) and text[at] == "(":
        below, at = branch(text, at + 1)
        return {name: below}, at + 1
    return {name: {}}, at


def kept(value: Any, tree: Tree) -> Any:
    if not tree:
        return value
    if isinstance(value, list):
        return [kept(one, tree) for one in value]
    if not isinstance(value, dict):
        return value
    found = {}
    for key, one in value.items():
        if key in tree:
            found[key] = kept(one, tree[key])
        elif "*" in tree:
            found[key] = kept(one, tree["*"])
    return found
