"""`kind: knowledge_base`: new documents are indexed, old ones go, mistakes name their place."""

from __future__ import annotations

from pathlib import Path

import pytest

from quintet_server.definitions.apply import BadDefinitions

NEW = "Parcels are sent on Mondays."


async def test_applying_again_changes_nothing(faq) -> None:
    before = await faq.api.sql("SELECT * FROM flowmaestro_documents")
    assert await faq.apply() == "unchanged"
    assert await faq.api.sql("SELECT * FROM flowmaestro_documents") == before


async def test_changed_file_is_indexed_again_and_keeps_its_id(faq) -> None:
    [old] = (await faq.ask("forgotten password", top_k=1))["results"]
    faq.write({"password.md": NEW})
    assert await faq.apply() == "updated"
    base = await faq.indexed()
    assert (base["document_count"], base["chunk_count"]) == (4, 4)
    [new] = (await faq.ask("When are parcels sent?", top_k=1))["results"]
    assert (new["content"], new["document_id"]) == (NEW, old["document_id"])
    assert new["id"] != old["id"]
    contents = [hit["content"] for hit in (await faq.ask("password", top_k=20))["results"]]
    assert not any("forgotten" in content for content in contents)
    assert await faq.apply() == "unchanged"


async def test_added_and_removed_files_come_and_go(faq) -> None:
    faq.write({"deep/parcels.md": NEW})
    (faq.folder / "docs" / "cats.md").unlink()
    assert await faq.apply() == "updated"
    assert (await faq.indexed())["document_count"] == 4
    assert (await faq.names("When are parcels sent?"))[0] == "docs/deep/parcels.md"
    assert "docs/cats.md" not in await faq.names("cats", top_k=20)
    assert await faq.apply() == "unchanged"


async def test_documents_left_out_of_the_definition_are_removed(faq) -> None:
    assert await faq.apply(documents=[]) == "updated"
    base = await faq.indexed()
    assert (base["document_count"], base["chunk_count"]) == (0, 0)
    assert (await faq.ask("password"))["results"] == []
    project = faq.api.project_id
    assert await faq.api.sql("SELECT id FROM vectors WHERE project_id = %s", project) == []


async def test_title_and_description_change_without_indexing(faq) -> None:
    before = await faq.api.sql("SELECT id, revision FROM flowmaestro_documents")
    assert await faq.apply(title="Questions", description="All of them") == "updated"
    assert await faq.apply(name="faq", title="Questions", description="All of them") == "unchanged"
    base = await faq.indexed()
    assert (base["name"], base["description"]) == ("Questions", "All of them")
    assert await faq.api.sql("SELECT id, revision FROM flowmaestro_documents") == before


async def test_other_sizes_index_everything_again(faq) -> None:
    faq.write({"long.txt": " ".join(f"This is sentence number {n}." for n in range(100))})
    await faq.apply()
    assert (await faq.indexed())["chunk_count"] == 4 + 4
    assert await faq.apply(chunk_size=200, chunk_overlap=0) == "updated"
    base = await faq.indexed()
    assert (base["chunk_size"], base["chunk_overlap"]) == (200, 0)
    assert base["chunk_count"] > 12
    longest = await faq.api.sql(
        "SELECT max(length(content)) FROM vectors WHERE project_id = %s", faq.api.project_id
    )
    assert longest[0][0] <= 200


async def test_overlap_follows_a_small_size_unless_given(desk) -> None:
    await desk.apply(documents=[], chunk_size=100)
    assert (await desk.indexed())["chunk_overlap"] == 20


async def test_changed_metadata_is_indexed(desk) -> None:
    document = {"text": NEW, "name": "parcels.md", "metadata": {"lang": "en"}}
    await desk.apply(documents=[document])
    await desk.indexed()
    assert (await desk.ask("parcels"))["results"][0]["metadata"] == {"lang": "en"}
    document["metadata"] = {"lang": "en", "tags": ["mail", 1, None]}
    assert await desk.apply(documents=[document]) == "updated"
    await desk.indexed()
    assert (await desk.ask("parcels"))["results"][0]["metadata"] == document["metadata"]


async def test_file_folder_pattern_and_text_are_sources(desk) -> None:
    desk.write({"a.md": "One.", "sub/b.md": "Two.", "sub/c.txt": "Three.", "sub/.hidden.md": "No"})
    desk.write({"pictures/logo.png": b"\x89PNG", "single.md": "Four."})
    outside = desk.folder / "inner"
    outside.mkdir()
    documents = [
        {"path": "../docs/sub"},
        {"path": "../docs/*.md"},
        {"text": "Five.", "name": "Note"},
    ]
    document = {"kind": "knowledge_base", "name": "faq", "spec": {"documents": documents}}
    assert await desk.api.apply(outside, document) == ["created"]
    await desk.indexed()
    assert sorted(await desk.names("One two three four five", top_k=20)) == [
        "Note",
        "docs/a.md",
        "docs/single.md",
        "docs/sub/b.md",
        "docs/sub/c.txt",
    ]


async def test_one_file_can_have_another_name_and_an_absolute_path(desk) -> None:
    desk.write({"a.md": "One."})
    path = str(desk.folder / "docs" / "a.md")
    await desk.apply(documents=[{"path": path, "name": "The first", "metadata": {"n": 1}}])
    await desk.indexed()
    assert await desk.names("One") == ["The first"]


async def test_name_with_the_prefix_is_the_id_itself(desk) -> None:
    await desk.apply("kb_abc123", [{"text": NEW, "name": "n"}])
    base = await desk.indexed("kb_abc123")
    assert base["name"] == "kb_abc123"


async def mistakes(desk, documents, **spec) -> list[str]:
    with pytest.raises(BadDefinitions) as caught:
        await desk.apply(documents=documents, **spec)
    assert (await desk.api.get("/knowledge-bases/kb_faq")).status_code == 404
    return [str(mistake) for mistake in caught.value.mistakes]


async def test_every_mistake_is_told_with_file_line_and_field(desk) -> None:
    desk.write({"bad.md": b"fine\n\xff", "sub/worse.txt": b"\xfe\xfe", "logo.png": b""})
    file = """
        service: flowmaestro
        kind: knowledge_base
        name: faq
        spec:
          documents:
            - path: nothing-here.md
            - path: docs
            - path: docs/logo.png
            - path: "docs/*.pdf"
            - text: fine
              name: fine.md
            - text: again
              name: fine.md
            - path: docs/logo.png
              metadata: {n: 99999999999999999999}
    """
    with pytest.raises(BadDefinitions) as caught:
        await desk.api.apply(desk.folder, file)
    told = [str(mistake) for mistake in caught.value.mistakes]
    assert [text.split(": ")[0].rpartition(":")[2] for text in told] == [
        *("6", "7", "7", "8", "9", "13", "15"),
    ]
    fields = [text.split(": ")[1] for text in told]
    assert fields == [
        "spec.documents.0.path",
        *["spec.documents.1.path"] * 2,
        "spec.documents.2.path",
        "spec.documents.3.path",
        "spec.documents.5.name",
        "spec.documents.6.metadata",
    ]
    assert "there is no file or folder" in told[0]
    assert "bad.md: it is not UTF-8 text (line 2)" in told[1]
    assert ".png are not read" in told[3]
    assert "has no document that can be read" in told[4]
    assert "is in spec.documents.4 already" in told[5]


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({}, "either path or text"),
        ({"path": "a", "text": "b", "name": "c"}, "either path or text"),
        ({"text": "b"}, "needs a name"),
        ({"text": "", "name": "c"}, "at least 1 character"),
        ({"path": ""}, "at least 1 character"),
        ({"path": "a\x00b"}, "NUL"),
        ({"text": "b", "name": "a\nb"}, "control characters"),
        ({"text": "b", "name": "x" * 501}, "at most 500"),
        ({"text": "b", "name": "c", "metadata": {"x": "a\x00"}}, "NUL"),
        ({"text": "b", "name": "c", "metadata": {"x": "y" * 20_000}}, "16384 bytes"),
        ({"text": "b", "name": "c", "metadata": "x"}, "dictionary"),
        ({"path": "docs", "name": "c"}, "only one document"),
        ({"path": "a", "other": 1}, "there is no such field"),
        ("docs", "dictionary"),
    ],
)
async def test_entry_that_makes_no_sense_is_refused(desk, entry, words) -> None:
    desk.write({"a.md": "One."})
    [told] = await mistakes(desk, [entry])
    assert words in told
    assert ": spec.documents.0" in told


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"chunk_size": 10}, "chunk_size"),
        ({"chunk_size": "1000"}, "chunk_size"),
        ({"chunk_overlap": 1000}, "must be below chunk_size"),
        ({"chunk_overlap": -1}, "chunk_overlap"),
        ({"description": "a\x00"}, "NUL"),
        ({"embeding_model": "x"}, "embeding_model"),
    ],
)
async def test_spec_that_makes_no_sense_is_refused(desk, spec, words) -> None:
    told = await mistakes(desk, [], **spec)
    assert any(words in text for text in told)


async def test_title_and_name_together_are_refused(desk) -> None:
    spec = {"title": "a", "name": "b"}
    with pytest.raises(BadDefinitions, match=r"spec: .*same thing"):
        await desk.api.apply(desk.folder, {"kind": "knowledge_base", "name": "faq", "spec": spec})


@pytest.mark.parametrize("name", ["with space", "a/b", "ü"])
async def test_name_that_cannot_be_an_id_is_refused(desk, name) -> None:
    with pytest.raises(BadDefinitions, match="A-Z"):
        await desk.apply(name, [])


async def test_bounds_on_size_and_number_are_kept(desk, monkeypatch) -> None:
    desk.write({"a.md": "x" * 100, "b.md": "y" * 100, "c.md": "z" * 100})
    monkeypatch.setenv("QUINTET_TEXTS_DOCUMENT_MAX_BYTES", "99")
    told = await mistakes(desk, [{"path": "docs"}])
    assert len(told) == 3
    assert "a.md: it has 100 bytes, more than 99 (QUINTET_TEXTS_DOCUMENT_MAX_BYTES)" in told[0]
    monkeypatch.delenv("QUINTET_TEXTS_DOCUMENT_MAX_BYTES")
    monkeypatch.setenv("QUINTET_KNOWLEDGE_DOCUMENTS_MAX_COUNT", "2")
    [told] = await mistakes(desk, [{"path": "docs"}])
    assert "more than 2 documents (QUINTET_KNOWLEDGE_DOCUMENTS_MAX_COUNT)" in told
    monkeypatch.delenv("QUINTET_KNOWLEDGE_DOCUMENTS_MAX_COUNT")
    monkeypatch.setenv("QUINTET_KNOWLEDGE_DOCUMENTS_MAX_BYTES", "250")
    [told] = await mistakes(desk, [{"path": "docs"}])
    assert "more than 250 bytes together" in told


async def test_file_that_may_not_be_read_is_told(desk, monkeypatch) -> None:
    desk.write({"a.md": "One."})

    def read(self):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", read)
    [told] = await mistakes(desk, [{"path": "docs"}])
    assert "Permission denied" in told


async def test_file_that_vanishes_after_it_was_looked_at_is_told(desk, monkeypatch) -> None:
    from quintet_server.services.flowmaestro.knowledge.sources import SourceDocument

    desk.write({"a.md": "One."})

    def load(self):
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(SourceDocument, "load", load)
    [told] = await mistakes(desk, [{"path": "docs"}])
    assert ": spec.documents.0.path: " in told
    assert "No such file" in told


async def test_a_mistake_elsewhere_leaves_everything_as_it_was(faq) -> None:
    faq.write({"password.md": NEW})
    wrong = {"kind": "knowledge_base", "name": "second", "spec": {"documents": [{"path": "none"}]}}
    right = {"kind": "knowledge_base", "name": "faq", "spec": {"documents": [{"path": "docs"}]}}
    with pytest.raises(BadDefinitions):
        await faq.api.apply(faq.folder, right, wrong)
    assert (await faq.names("How do I reset my password?"))[0] == "docs/password.md"
