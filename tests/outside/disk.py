"""What a power cut may leave of a data folder: worked out from the notes that disk.c takes of all writes and syncs.

What was synced is there. Of all that was not, any part may be: a folder's list of entries as it was at any moment since
its last sync, and of a file's later bytes any of the blocks that a disk writes at once. A file that was not synced may
have grown without its bytes: then zeros are there.
"""

import os
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

# What a disk writes whole or not at all.
BLOCK = 512


@dataclass
class Note:
    kind: str
    at: int
    inode: int
    begun: int = -1
    offset: int = 0
    content: bytes = b""
    entries: dict = field(default_factory=dict)
    path: str = ""


def read(path):
    """The notes, in order. The last one may be cut off."""
    raw, position, notes = Path(path).read_bytes(), 0, []
    while (end := raw.find(b"\n", position)) >= 0:
        kind, at, *rest = raw[position:end].decode().split(" ", 4)
        position = end + 1
        note = Note(kind, int(at), int(rest[0]))
        match kind:
            case "N":
                note.path = rest[1]
            case "W":
                note.offset, length = int(rest[1]), int(rest[2])
                note.content = raw[position : position + length]
                position += length
                if len(note.content) < length:
                    return notes
            case "T":
                note.offset = int(rest[1])
            case "S":
                note.begun = int(rest[1])
            case "L":
                note.begun, note.path = int(rest[1]), rest[2]
                end = raw.find(b"\n.\n", position - 1)
                if end < 0:
                    return notes
                for entry in raw[position:end].decode().splitlines():
                    _, inode, kind_of, name = entry.split(" ", 3)
                    note.entries[name] = (int(inode), kind_of)
                position = end + 3
            case _:
                raise ValueError(f"{path} has a note {kind!r} at byte {position}")
        notes.append(note)
    return notes


class Disk:
    """The first `moment` notes of a folder whose power is cut then."""

    def __init__(self, notes, folder, moment):
        self.files = defaultdict(list)
        self.lists = defaultdict(list)
        self.root = None
        # The system gives a new file the number of one that is gone, which a list at its last sync may still name.
        files = defaultdict(int)
        for number, note in enumerate(notes[:moment]):
            match note.kind:
                case "N":
                    files[note.inode] += 1
                case "W" | "T" | "S":
                    self.files[note.inode, files[note.inode]].append((number, note))
                case "L":
                    entries = {
                        name: (inode if kind == "d" else (inode, files[inode]), kind)
                        for name, (inode, kind) in note.entries.items()
                    }
                    self.lists[note.inode].append((note.begun, entries))
                    if note.path == str(folder):
                        self.root = note.inode

    def leave(self, folder, dice):
        """Writes what is left into a new folder."""
        folder.mkdir()
        if self.root is not None:
            self._leave_entries(folder, self.root, dice)

    def _leave_entries(self, folder, inode, dice):
        for name, (inner, kind) in self._entries(inode, dice).items():
            if kind == "d":
                (folder / name).mkdir()
                self._leave_entries(folder / name, inner, dice)
            else:
                self._leave_content(folder / name, inner, dice)

    def _entries(self, inode, dice):
        """The list at its last sync, or at a moment since then."""
        lists = self.lists[inode]
        synced = max((place for place, (begun, _) in enumerate(lists) if begun >= 0), default=None)
        choices = [entries for _, entries in lists[synced or 0 :]]
        if synced is None:
            choices.insert(0, {})
        return dice.choice([choices[0], choices[-1], dice.choice(choices)])

    def _leave_content(self, path, numbered, dice):
        changes = self.files[numbered]
        # A sync covers what was noted before it began.
        durable = max((note.begun for _, note in changes if note.kind == "S"), default=-1)
        later = [note for number, note in changes if number >= durable and note.kind != "S"]
        way = dice.choice(["nothing", "all", "a beginning", "any blocks"])
        if way == "nothing":
            later = []
        if way == "a beginning":
            later = later[: dice.randint(0, len(later))]
        with path.open("wb") as file:
            for number, note in changes:
                if number < durable:
                    _apply(file, note, lambda: True)
            for note in later:
                _apply(file, note, lambda: way != "any blocks" or dice.random() < 0.5)


def _apply(file, note, is_written):
    if note.kind == "T":
        file.truncate(note.offset)
        return
    end = note.offset + len(note.content)
    # The file has grown, whatever of its bytes is there.
    file.truncate(max(end, file.seek(0, os.SEEK_END)))
    at = note.offset
    while at < end:
        until = min(end, (at // BLOCK + 1) * BLOCK)
        if is_written():
            file.seek(at)
            file.write(note.content[at - note.offset : until - note.offset])
        at = until
