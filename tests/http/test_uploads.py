"""Uploads: in memory while small, on disk beyond, saved under safe names."""

import asyncio
import errno
import os
import stat
import threading
from io import BytesIO
from pathlib import Path

import pytest

from bistro.http.errors import InsufficientStorage
from bistro.http.uploads import PART_SIZE, Spool, Upload

LARGE = bytes(range(256)) * 4096  # 1 MiB


async def spooled(data: bytes, memory_size_max: int = 256 * 1024) -> Upload:
    spool = Spool(memory_size_max)
    for start in range(0, len(data), 64 * 1024):
        await spool.write(data[start : start + 64 * 1024])
    return Upload("photo.PNG", await spool.finish(), size=spool.size, content_type="image/png")


def upload_of(data: bytes, name: str = "photo.PNG") -> Upload:
    return Upload(name, BytesIO(data), size=len(data))


class FullDisk(BytesIO):
    """A file on a disk without room."""

    def write(self, data) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_upload_knows_a_safe_name_and_the_claimed_one():
    upload = upload_of(b"", "../../etc/passwd")
    assert (upload.file_name, upload.raw_file_name) == ("passwd", "../../etc/passwd")


def test_small_upload_stays_in_memory():
    upload = asyncio.run(spooled(b"a" * 1000))
    assert isinstance(upload.file, BytesIO)


def test_large_upload_goes_to_a_file():
    upload = asyncio.run(spooled(LARGE))
    with upload.file:
        assert upload.file.fileno() > 0


def test_temporary_file_cannot_be_opened_by_others():
    upload = asyncio.run(spooled(LARGE))
    with upload.file:
        status = os.fstat(upload.file.fileno())
    assert status.st_nlink == 0 or stat.S_IMODE(status.st_mode) == 0o600


@pytest.mark.parametrize("data", [b"", b"small", LARGE], ids=["empty", "small", "large"])
def test_upload_gives_back_what_was_sent(data):
    async def story() -> tuple[bytes, int]:
        upload = await spooled(data)
        content = await upload.read()
        upload.close()
        return content, upload.size

    assert asyncio.run(story()) == (data, len(data))


@pytest.mark.parametrize("data", [b"0123456789", LARGE], ids=["small", "large"])
def test_reading_goes_on_where_it_stopped_and_can_go_back(data):
    async def story() -> list[bytes]:
        upload = await spooled(data)
        first, second = await upload.read(3), await upload.read(3)
        await upload.seek(1)
        again = await upload.read(2)
        upload.close()
        return [first, second, again]

    assert asyncio.run(story()) == [data[:3], data[3:6], data[1:3]]


def test_iteration_gives_pieces_of_64_kib():
    async def story() -> list[int]:
        upload = await spooled(LARGE)
        sizes = [len(chunk) async for chunk in upload]
        upload.close()
        return sizes

    assert asyncio.run(story()) == [64 * 1024] * 16


def test_sync_handlers_read_the_file_itself():
    upload = asyncio.run(spooled(b"hello"))
    assert upload.file.read() == b"hello"


def test_saving_to_a_path_writes_exactly_there(tmp_path: Path):
    saved = asyncio.run(upload_of(b"hello").save_to(tmp_path / "greeting.txt"))
    assert saved == tmp_path / "greeting.txt"
    assert saved.read_bytes() == b"hello"


@pytest.mark.parametrize("data", [b"small", LARGE], ids=["small", "large"])
def test_saving_writes_the_whole_file_wherever_reading_stood(tmp_path: Path, data):
    async def story() -> tuple[bytes, bytes]:
        upload = await spooled(data)
        await upload.read(3)
        saved = await upload.save_to(str(tmp_path / "a"))
        rest = await upload.read()
        upload.close()
        return saved.read_bytes(), rest

    assert asyncio.run(story()) == (data, data)


def test_saving_to_a_folder_makes_a_random_name_with_the_suffix(tmp_path: Path):
    saved = asyncio.run(upload_of(b"hello").save_to(tmp_path))
    assert saved.parent == tmp_path
    assert saved.suffix == ".png"
    assert len(saved.stem) == 32


@pytest.mark.parametrize(
    "name", ["archive.tar.suffix-that-is-long", "a.ü", "a.b c", "plain", "a.", "a.$b", "a.b$", "a.abcdefghij"]
)
def test_suffix_that_is_not_plain_is_left_out(tmp_path: Path, name):
    saved = asyncio.run(upload_of(b"hello", name).save_to(tmp_path))
    assert saved.suffix == ""


def test_suffix_of_ten_characters_is_kept(tmp_path: Path):
    assert asyncio.run(upload_of(b"ab", "a.ABCDEFGHI").save_to(tmp_path)).suffix == ".abcdefghi"


def test_saved_file_is_readable_by_its_owner_only(tmp_path: Path):
    saved = asyncio.run(upload_of(b"hello").save_to(tmp_path))
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600


def test_existing_file_is_never_overwritten(tmp_path: Path):
    target = tmp_path / "a.txt"
    target.write_bytes(b"old")
    with pytest.raises(FileExistsError):
        asyncio.run(upload_of(b"new").save_to(target))
    assert target.read_bytes() == b"old"


def test_save_to_a_full_disk_is_a_507_and_leaves_nothing(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(
        "bistro.http.uploads.os.fdopen", lambda descriptor, mode: os.close(descriptor) or FullDisk()
    )
    with pytest.raises(InsufficientStorage):
        asyncio.run(upload_of(b"hello").save_to(tmp_path / "a.txt"))
    assert list(tmp_path.iterdir()) == []


def test_spooling_to_a_full_disk_is_a_507(monkeypatch):
    monkeypatch.setattr("tempfile.TemporaryFile", FullDisk)
    with pytest.raises(InsufficientStorage):
        asyncio.run(spooled(LARGE))


def test_other_faults_of_the_disk_stay_what_they_are(tmp_path: Path):
    with pytest.raises(FileNotFoundError):
        asyncio.run(upload_of(b"hello").save_to(tmp_path / "missing" / "a.txt"))


def test_closing_twice_does_nothing():
    upload = upload_of(b"hello")
    upload.close()
    upload.close()
    assert upload.file.closed


def test_closing_a_spool_gives_its_file_back():
    async def story() -> Spool:
        spool = Spool(10)
        await spool.write(b"a" * 100)
        return spool

    before = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else 0
    spool = asyncio.run(story())
    spool.close()
    after = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else 0
    assert before == after


def test_repr_shows_the_safe_name():
    assert repr(upload_of(b"ab", "a\r\nb.txt")) == "Upload('ab.txt', size=2)"


def test_writes_to_disk_happen_off_the_event_loop(monkeypatch):
    writers: set[int] = set()

    class Recorder(BytesIO):
        def write(self, data) -> int:
            writers.add(threading.get_ident())
            return super().write(data)

    monkeypatch.setattr("tempfile.TemporaryFile", Recorder)
    asyncio.run(spooled(LARGE))
    assert writers
    assert threading.get_ident() not in writers


def test_tiny_chunks_are_collected_before_they_are_written(monkeypatch):
    class Counter(BytesIO):
        writes = 0

        def write(self, data) -> int:
            Counter.writes += 1
            return super().write(data)

    monkeypatch.setattr("tempfile.TemporaryFile", Counter)

    async def story() -> None:
        spool = Spool(1000)
        for _ in range(10_000):
            await spool.write(b"a")
        await spool.finish()

    asyncio.run(story())
    assert Counter.writes <= 10


def test_upload_of_just_the_size_that_memory_may_have_stays_there():
    assert isinstance(asyncio.run(spooled(b"x" * 1000, 1000)).file, BytesIO)
    upload = asyncio.run(spooled(b"x" * 1001, 1000))
    assert not isinstance(upload.file, BytesIO)
    upload.close()


class SlowDisk(BytesIO):
    """A file whose writes wait until `gate` is open."""

    gate: threading.Event

    def write(self, data) -> int:
        assert self.gate.wait(20)
        return super().write(data)


@pytest.fixture
def slow_disk(monkeypatch) -> threading.Event:
    SlowDisk.gate = threading.Event()
    monkeypatch.setattr("tempfile.TemporaryFile", SlowDisk)
    return SlowDisk.gate


async def let_others_run() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def test_part_waits_for_the_one_before_it_so_that_two_at_most_are_in_memory(slow_disk):
    parts = [bytes([number]) * (PART_SIZE + 1) for number in range(3)]

    async def story() -> bytes:
        spool = Spool(1)
        await spool.write(parts[0])
        second = asyncio.ensure_future(spool.write(parts[1]))
        await let_others_run()
        assert not second.done()
        slow_disk.set()
        await second
        await spool.write(parts[2])
        return (await spool.finish()).read()

    assert asyncio.run(story()) == b"".join(parts)


def test_parts_get_larger_once_they_go_to_disk(monkeypatch):
    # Each costs a change of threads: a file of 4 MiB in chunks of 16 KiB has 9 of them, not 256.
    sizes: list[int] = []

    class Recorder(BytesIO):
        def write(self, data) -> int:
            sizes.append(len(data))
            return super().write(data)

    monkeypatch.setattr("tempfile.TemporaryFile", Recorder)

    async def story() -> None:
        spool = Spool(1)
        for _ in range(256):
            await spool.write(bytes(16 * 1024))
        await spool.finish()

    asyncio.run(story())
    assert sum(sizes) == 4 * 1024 * 1024
    assert len(sizes) <= 10


def test_spool_that_is_closed_while_a_part_is_written_gives_its_file_back_afterwards(slow_disk):
    async def story() -> None:
        spool = Spool(1)
        await spool.write(b"abc")
        writing = spool._writing
        await let_others_run()
        spool.close()
        slow_disk.set()
        assert writing is not None
        await writing
        await let_others_run()
        assert spool._file is not None
        assert spool._file.closed

    asyncio.run(story())
