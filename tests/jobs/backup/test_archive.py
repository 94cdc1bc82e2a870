"""The file of a backup: its content can be read back, and an incomplete file is refused."""

import io
from collections.abc import Sequence

import bson
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from jobs.backup.archive import MAX_RECORD_BYTES, ArchiveReader, ArchiveWriter, Tally
from schema.backup import BackupError, Batch, Manifest, Moment

NAMES = ("head", "registry", "chunks")
ABOUT = {"document_version": 3, "database": "d"}
MOMENT = Moment(slot=60, digest="a", document_version=3)

documents = st.dictionaries(
    st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"), max_size=5),
    st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1), st.text(max_size=20), st.binary(max_size=50)),
    max_size=4,
).map(bson.encode)
puts = st.lists(st.tuples(st.sampled_from(NAMES), st.lists(documents, min_size=1, max_size=5)), max_size=8)


async def archive_of(items: Sequence[Batch | None]) -> bytes:
    """A backup. None means that everything before it must be discarded."""
    out, tally = io.BytesIO(), Tally()
    writer = ArchiveWriter(out, ABOUT, tally)
    for item in items:
        await (writer.again() if item is None else writer.put(item))
    writer.close(Manifest(moment=MOMENT, taken_at=1, collections=tally.sums()))
    return out.getvalue()


def read(raw: bytes) -> tuple[list[Batch | None], Manifest | None]:
    reader = ArchiveReader(io.BytesIO(raw), NAMES)
    return list(reader.items()), reader.manifest


SOME = [Batch("registry", [bson.encode({"_id": i, "v": "x" * i}) for i in range(50)]), Batch("head", [bson.encode({})])]


@given(puts)
async def test_what_was_put_comes_back(given_puts: list[tuple[str, list[bytes]]]) -> None:
    items = [Batch(name, found) for name, found in given_puts]
    found, manifest = read(await archive_of(items))
    assert found == items
    assert manifest is not None
    assert manifest.moment == MOMENT
    assert manifest.documents == sum(len(item.documents) for item in items)
    assert manifest.bytes == sum(len(document) for item in items for document in item.documents)


async def test_what_does_not_count_is_not_in_the_manifest() -> None:
    found, manifest = read(await archive_of([SOME[0], None, SOME[1]]))
    assert found == [SOME[0], None, SOME[1]]
    assert manifest is not None
    assert [(each.name, each.documents) for each in manifest.collections] == [("head", 1)]


async def test_the_first_record_says_what_it_is() -> None:
    assert ArchiveReader(io.BytesIO(await archive_of(SOME)), NAMES).about == {"backup": 1, **ABOUT}


async def test_a_backup_that_is_cut_off_anywhere_is_refused_unless_nothing_is_lost() -> None:
    whole = await archive_of(SOME)
    expected = read(whole)
    taken = [length for length in range(len(whole)) if _read_or_none(whole[:length]) is not None]
    assert all(_read_or_none(whole[:length]) == expected for length in taken)
    assert not [length for length in taken if length < len(whole) - FRAME_END]


async def test_a_backup_with_a_changed_byte_is_never_taken_for_another() -> None:
    whole = await archive_of(SOME)
    expected = read(whole)
    for place in range(len(whole)):
        changed = bytearray(whole)
        changed[place] ^= 0x41
        assert _read_or_none(bytes(changed)) in (None, expected)  # one bit of a frame's header may have no meaning


FRAME_END = 7
"""An empty last block and zstd's checksum. All records come before."""


def _read_or_none(raw: bytes) -> object:
    try:
        return read(raw)
    except BackupError:
        return None


def packed(*records: dict[str, object]) -> bytes:
    return zstandard.ZstdCompressor().compress(b"".join(bson.encode(record) for record in records))


MANIFEST: dict[str, object] = {"manifest": Manifest(moment=MOMENT, taken_at=1, collections=()).model_dump()}


@pytest.mark.parametrize(
    ("raw", "refusal"),
    [
        (b"", "this is not a backup of pnodes"),
        (b"{}", "this is not a backup of pnodes, or it is damaged"),
        (zstandard.ZstdCompressor().compress(b"text of some kind"), "this is not a backup of pnodes, or it is damaged"),
        (packed({"x": 1}), "this is not a backup of pnodes"),
        (packed({"backup": 2}, MANIFEST), "the backup has format 2: this release reads format 1"),
        (packed({"backup": 1}), "the backup ends before its manifest: it is incomplete"),
        (packed({"backup": 1}, MANIFEST, {"x": 1}), "the backup continues after its manifest"),
        (packed({"backup": 1}, {"manifest": {"moment": 1}}), "the manifest of the backup cannot be read"),
        (
            packed({"backup": 1}, {"collection": "users", "documents": []}, MANIFEST),
            "the backup has a collection 'users': this release does not know it",
        ),
        (
            packed({"backup": 1}, {"collection": "head", "documents": [{"_id": 1}]}, MANIFEST),
            "head: the documents differ from the manifest",
        ),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_what_is_no_backup_is_refused_by_what_is_wrong(raw: bytes, refusal: str) -> None:
    with pytest.raises(BackupError) as refused:
        read(raw)
    assert str(refused.value) == refusal


async def test_documents_that_the_manifest_alone_has_are_missed() -> None:
    tally = Tally()
    tally.add(SOME[0])
    manifest: dict[str, object] = {
        "manifest": Manifest(moment=MOMENT, taken_at=1, collections=tally.sums()).model_dump()
    }
    with pytest.raises(BackupError, match="registry: the manifest lists documents that the backup lacks"):
        read(packed({"backup": 1}, manifest))


def test_a_record_of_any_length_is_not_believed() -> None:
    claimed = (MAX_RECORD_BYTES + 1).to_bytes(4, "little")
    with pytest.raises(BackupError, match="damaged"):
        read(zstandard.ZstdCompressor().compress(claimed + bytes(100)))


async def test_a_batch_is_held_once_at_a_time() -> None:
    """The reader requests no more than a batch needs, so memory does not grow with the backup."""
    big = [Batch("chunks", [bson.encode({"_id": i, "body": bytes([i % 251]) * 2**18})]) for i in range(64)]
    reader = ArchiveReader(io.BytesIO(await archive_of(big)), NAMES)
    longest = max(sum(map(len, item.documents)) for item in reader.items() if item is not None)
    assert longest < 2**19
