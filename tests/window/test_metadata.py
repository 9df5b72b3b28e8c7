"""Properties: only what was touched changes, of one object or many; what is refused is said while typing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtWidgets import QApplication, QLineEdit

from gui.accounts import DEMO_CLOUD
from gui.background import until
from gui.dialogs.edits import Edits, common_metadata
from gui.dialogs.metadata_table import KEY_COLUMN, VALUE_COLUMN
from gui.dialogs.properties import PropertiesDialog
from gui.flows.metadata import show_properties
from storage_core.attributes import Attributes

from .stage import Stage, play, press, put, put_one, typed

pytestmark = pytest.mark.window
HEADERS, METADATA = 1, 2


async def opened(stage: Stage) -> PropertiesDialog:
    dialog = await stage.dialog(PropertiesDialog)
    await until(lambda: dialog.tabs.count(), 10, "the properties")
    return dialog


def editors(dialog: PropertiesDialog) -> list[QLineEdit]:
    assert dialog.metadata is not None
    return [one for one in dialog.metadata.table.findChildren(QLineEdit) if one.isVisible()]


def type_in_cell(dialog: PropertiesDialog, line: int, column: int, text: str) -> None:
    """As a person does: into the editor of the cell."""
    assert dialog.metadata is not None
    table = dialog.metadata.table
    index = table.model().index(line, column)
    if table.currentIndex() != index or not editors(dialog):
        table.setCurrentIndex(index)
        table.edit(index)
    [editor] = editors(dialog)
    typed(editor, text)


def test_one_header_and_one_value_change_and_all_else_stays(qapp: QApplication, tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        put_one(
            stage.cloud, "photos", "a.jpg", b"1",
            extra={"content_type": "image/jpeg", "cache_control": "no-store"},
            ex_meta={"author": "Mum", "place": "sea"},
        )  # fmt: skip
        before = stage.cloud.get_object("photos", "a.jpg").attributes
        assert before is not None
        stage.show(DEMO_CLOUD, "photos", select=("a.jpg",))
        flow = stage.begin(show_properties(stage.app, stage.window))
        dialog = await opened(stage)
        assert not dialog.yes.isEnabled()
        dialog.tabs.setCurrentIndex(HEADERS)
        typed(dialog._fields["content_type"], "image/webp")
        dialog.tabs.setCurrentIndex(METADATA)
        type_in_cell(dialog, 0, VALUE_COLUMN, "Dad")
        press(dialog.yes)
        await flow
        after = stage.cloud.get_object("photos", "a.jpg").attributes
        assert after is not None
        assert after.metadata == {"author": "Dad", "place": "sea"}
        assert after.content_type == "image/webp"
        assert after.cache_control == "no-store"
        assert after.storage_class == before.storage_class

    play(story, tmp_path)


def test_a_header_that_the_service_loses_cannot_be_typed(qapp: QApplication, tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        stage.cloud.capabilities = replace(stage.cloud.capabilities, headers_lost=("expires",))
        put_one(stage.cloud, "photos", "a.jpg", b"1")
        stage.show(DEMO_CLOUD, "photos", select=("a.jpg",))
        stage.begin(show_properties(stage.app, stage.window))
        dialog = await opened(stage)
        lost = dialog._fields["expires"]
        assert lost.isReadOnly()
        assert lost.placeholderText() == "this service does not keep it"
        assert not dialog._fields["cache_control"].isReadOnly()

    play(story, tmp_path)


def test_many_objects_keep_what_differs_and_take_what_was_typed(qapp: QApplication, tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        for name, by in (("a", "x"), ("b", "y")):
            kind = {"content_type": f"{name}/{name}"}
            put_one(stage.cloud, "photos", name, b"1", extra=kind, ex_meta={"by": by, "all": "1"})
        stage.show(DEMO_CLOUD, "photos", select=("a", "b"))
        flow = stage.begin(show_properties(stage.app, stage.window))
        dialog = await opened(stage)
        assert dialog._fields["content_type"].text() == ""
        assert dialog._fields["content_type"].placeholderText() == "(different values)"
        dialog.tabs.setCurrentIndex(HEADERS)
        typed(dialog._fields["cache_control"], "max-age=60")
        dialog.tabs.setCurrentIndex(METADATA)
        assert dialog.metadata is not None
        press(dialog.metadata.add)
        line = dialog.metadata.model.rowCount() - 1
        type_in_cell(dialog, line, KEY_COLUMN, "new")
        type_in_cell(dialog, line, VALUE_COLUMN, "same")
        press(dialog.yes)
        await flow
        for name, kind, by in (("a", "a/a", "x"), ("b", "b/b", "y")):
            found = stage.cloud.get_object("photos", name).attributes
            assert found is not None
            assert (found.content_type, found.cache_control) == (kind, "max-age=60")
            assert found.metadata == {"by": by, "all": "1", "new": "same"}

    play(story, tmp_path)


def test_what_somebody_else_wrote_meanwhile_is_not_lost(qapp: QApplication, tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        put_one(stage.cloud, "photos", "a", b"1", ex_meta={"mine": "1"})
        stage.show(DEMO_CLOUD, "photos", select=("a",))
        flow = stage.begin(show_properties(stage.app, stage.window))
        dialog = await opened(stage)
        stage.cloud.ex_set_object_metadata(
            stage.cloud.get_object("photos", "a"), {"mine": "1", "theirs": "2"}
        )
        dialog.tabs.setCurrentIndex(METADATA)
        type_in_cell(dialog, 0, VALUE_COLUMN, "3")
        press(dialog.yes)
        await flow
        assert stage.cloud.get_object("photos", "a").meta_data == {"mine": "3", "theirs": "2"}

    play(story, tmp_path)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("by", "again", "twice"),
        ("has space", "x", "cannot be a name"),
        ("", "lonely", "needs a name"),
        ("big", "x" * 70_000, "bytes"),
    ],
)
def test_what_the_service_would_refuse_is_said_while_typing(
    qapp: QApplication, tmp_path: Path, key: str, value: str, said: str
) -> None:
    async def story(stage: Stage) -> None:
        put_one(stage.cloud, "photos", "a", b"1", ex_meta={"by": "x"})
        stage.show(DEMO_CLOUD, "photos", select=("a",))
        flow = stage.begin(show_properties(stage.app, stage.window))
        dialog = await opened(stage)
        dialog.tabs.setCurrentIndex(METADATA)
        assert dialog.metadata is not None
        press(dialog.metadata.add)
        for column, text in ((KEY_COLUMN, key), (VALUE_COLUMN, value)):
            if len(text) > 100:
                dialog.metadata.model.setData(dialog.metadata.model.index(1, column), text)
            else:
                type_in_cell(dialog, 1, column, text)
        assert said in dialog.problem.text()
        assert not dialog.yes.isEnabled()
        press(dialog.no)
        await flow
        assert stage.cloud.get_object("photos", "a").meta_data == {"by": "x"}

    play(story, tmp_path)


def test_a_removed_row_is_gone_and_only_that(qapp: QApplication, tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        put_one(stage.cloud, "photos", "a", b"1", ex_meta={"by": "x", "keep": "y"})
        stage.show(DEMO_CLOUD, "photos", select=("a",))
        flow = stage.begin(show_properties(stage.app, stage.window))
        dialog = await opened(stage)
        dialog.tabs.setCurrentIndex(METADATA)
        assert dialog.metadata is not None
        dialog.metadata.table.selectRow(0)
        press(dialog.metadata.remove)
        press(dialog.yes)
        await flow
        assert stage.cloud.get_object("photos", "a").meta_data == {"keep": "y"}

    play(story, tmp_path)


def test_where_nothing_can_be_changed_the_reason_stands_there(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(stage: Stage) -> None:
        able = stage.cloud.capabilities
        put(stage.cloud, "photos", a=b"1")
        monkeypatch.setattr(stage.cloud, "capabilities", type(able)(why={"set_attributes": "Never here."}))
        stage.show(DEMO_CLOUD, "photos", select=("a",))
        flow = stage.begin(show_properties(stage.app, stage.window))
        dialog = await opened(stage)
        assert dialog.problem.text() == "Never here."
        assert not dialog.yes.isVisible()
        assert all(field.isReadOnly() for field in dialog._fields.values())
        press(dialog.no)
        await flow

    play(story, tmp_path)


def test_a_folder_tells_how_much_is_in_it(qapp: QApplication, tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        put(stage.cloud, "photos", a__1=b"123", a__2=b"4567")
        stage.show(DEMO_CLOUD, "photos", select=("a",))
        flow = stage.begin(show_properties(stage.app, stage.window))
        dialog = await opened(stage)
        shown = {field.accessibleName(): field.text() for field in dialog.findChildren(QLineEdit)}
        assert shown["Objects"] == "2"
        assert shown["Size together"] == "7\u00a0B"
        press(dialog.no)
        await flow

    play(story, tmp_path)


texts = st.dictionaries(st.sampled_from(["a", "b", "C", "d"]), st.sampled_from(["", "1", "2"]))


@given(before=texts, changed=texts, removed=st.frozensets(st.sampled_from(["a", "b", "C"])))
def test_edits_change_what_they_name_and_nothing_else(
    before: dict[str, str], changed: dict[str, str], removed: frozenset[str]
) -> None:
    attributes = Attributes(content_type="x/y", storage_class="COLD", tags={"t": "1"}, metadata=before)
    after = Edits({"cache_control": "no-store"}, changed, removed).applied(attributes)
    untouched = {key: value for key, value in before.items() if key not in changed and key not in removed}
    assert after.metadata == {**untouched, **changed}
    assert (after.content_type, after.storage_class, after.tags) == ("x/y", "COLD", {"t": "1"})
    assert after.cache_control == "no-store"


@given(st.lists(texts, min_size=1, max_size=4))
def test_a_key_has_one_value_only_when_all_objects_have_it(all_metadata: list[dict[str, str]]) -> None:
    for key, value in common_metadata(all_metadata).items():
        assert (value is not None) == (len({metadata.get(key) for metadata in all_metadata}) == 1)
