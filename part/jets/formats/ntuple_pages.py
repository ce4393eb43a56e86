"""The pages of an RNTuple: their checksums, which uproot does not look at, and the memory that they ask for."""

from collections.abc import Iterator, Sequence
from typing import Any

import xxhash

from part.errors import PartError
from part.limits import check_bytes

CHECKSUM = 8  # bytes of XXH3-64, little-endian, behind a page
WIDEST = 8  # bytes of an element
Ntuple = Any  # an RNTuple of uproot's models, which have no types


def check_page_lists(path: str, ntuple: Ntuple) -> None:
    """Verify the checksums of the lists of pages: one wrong byte there requests gigabytes. Raises PartError."""
    for record in ntuple.footer.cluster_group_records:
        link = record.page_list_link
        chunk, cursor = ntuple.read_locator(link.locator, link.env_uncomp_size)
        content = bytes(chunk.get(cursor.index, cursor.index + link.env_uncomp_size, cursor, {}))
        if not _matches(content):
            raise PartError(f"{path}: the page list of the RNTuple is damaged; expected an undamaged ROOT file")


def check_pages(path: str, ntuple: Ntuple, names: Sequence[str], start: int, stop: int) -> None:
    """Verify the checksums of all pages that reading some fields touches, where the file has them.

    Parameters
    ----------
    path : str
        What errors call the file.
    ntuple : RNTuple
    names : sequence of str
        The full names of fields.
    start, stop : int
        The entries [start, stop).

    Raises
    ------
    PartError
        Naming the field of a page that is damaged, or if the pages ask for far more memory than the file has.
    """
    pages = list(_pages(ntuple, names, start, stop))
    check_bytes(path, sum(page.num_elements for _, page in pages) * WIDEST, f"entries {start} to {stop - 1}")
    for name, page in pages:
        if page.has_checksum:
            offset, end = page.locator.offset, page.locator.offset + page.locator.num_bytes + CHECKSUM
            if not _matches(ntuple.file.source.chunk(offset, end).raw_data.tobytes()):
                raise PartError(f"{path}: branch {name}: a page has a wrong checksum; expected an undamaged ROOT file")


def _pages(ntuple: Ntuple, names: Sequence[str], start: int, stop: int) -> Iterator[tuple[str, Any]]:
    """Yield the pages of fields and all that they consist of, in the clusters with some of the entries."""
    names_of = {ntuple[name].field_id: name for name in names}
    for number, record in enumerate(ntuple.field_records):  # a field comes before those that it consists of
        if number not in names_of and record.parent_field_id in names_of:
            names_of[number] = names_of[record.parent_field_id]
    columns = [(number, record.field_id) for number, record in enumerate(ntuple.column_records)]
    columns = [(number, names_of[field]) for number, field in columns if field in names_of]
    for number, cluster in enumerate(ntuple.cluster_summaries):
        first = cluster.num_first_entry
        if first < stop and first + cluster.num_entries > start:
            links = ntuple.page_link_list[number]
            for column, name in columns:
                if column < len(links):  # a column that was added later has no pages before
                    yield from ((name, page) for page in links[column].pages)


def _matches(content: bytes) -> bool:
    return xxhash.xxh3_64_intdigest(content[:-CHECKSUM]) == int.from_bytes(content[-CHECKSUM:], "little")
