"""Records of the iterator over open files."""

from hypothesis import given
from hypothesis import strategies as st

from portsock.parse.task_files import RECORD, holders_by_inode, processes_by_inode
from portsock.records import Holder

NUMBERS = st.integers(1, 4)
RECORDS = st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), max_size=12).map(sorted)
"""The iterator goes by ascending pid, and by descriptor."""


def words(records: list[tuple[int, int, int]]) -> memoryview:
    return memoryview(b"".join(RECORD.pack(*record) for record in records)).cast("I")


@given(RECORDS, st.none() | st.sets(NUMBERS))
def test_processes_are_those_of_the_descriptors_each_once(
    records: list[tuple[int, int, int]], wanted: set[int] | None
) -> None:
    holders, pids = holders_by_inode(words(records), wanted)
    processes, same_pids = processes_by_inode(words(records), wanted)
    assert same_pids == pids
    assert processes.keys() == holders.keys() == {inode for _, _, inode in records if wanted is None or inode in wanted}
    for inode, held in holders.items():
        assert set(held) == {Holder(pid, fd) for pid, fd, each in records if each == inode}
        assert list(processes[inode]) == list(dict.fromkeys(Holder(holder.pid, None) for holder in held))


def test_workers_of_one_master_share_the_objects_of_their_processes() -> None:
    processes, _ = processes_by_inode(words([(pid, fd, fd) for pid in (7, 8) for fd in (3, 4)]), None)
    assert processes[3][0] is processes[4][0]
