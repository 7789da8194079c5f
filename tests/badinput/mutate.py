# SPDX-License-Identifier: MIT
"""Finds and changes single fields of an ELF file, for the tests of bad input.

mutate.py boundaries FILE           file sizes at, before and after each header and section
mutate.py go-version FILE MINOR     makes the build information say go1.MINOR
mutate.py phdr FILE INDEX FIELD VALUE, mutate.py shdr FILE NAME FIELD VALUE
mutate.py pclntab FILE OFFSET WIDTH VALUE   OFFSET counts from the header of .gopclntab
mutate.py contract FILE VERSION     the contract version in .note.goprobes
A VALUE may be +N or -N (relative to what is there); a FIELD lacks its p_, sh_ or e_.
"""
import re
import struct
import sys

EHDR = [("type", 16, 2), ("machine", 18, 2), ("version", 20, 4), ("entry", 24, 8),
        ("phoff", 32, 8), ("shoff", 40, 8), ("flags", 48, 4), ("ehsize", 52, 2),
        ("phentsize", 54, 2), ("phnum", 56, 2), ("shentsize", 58, 2), ("shnum", 60, 2),
        ("shstrndx", 62, 2)] + [(f"ident{i}", i, 1) for i in range(16)]
PHDR = [("type", 0, 4), ("flags", 4, 4), ("offset", 8, 8), ("vaddr", 16, 8), ("paddr", 24, 8),
        ("filesz", 32, 8), ("memsz", 40, 8), ("align", 48, 8)]
SHDR = [("name", 0, 4), ("type", 4, 4), ("flags", 8, 8), ("addr", 16, 8), ("offset", 24, 8),
        ("size", 32, 8), ("link", 40, 4), ("info", 44, 4), ("addralign", 48, 8),
        ("entsize", 56, 8)]
NOBITS, NOTE = 8, 7
MASK = {1: 0xff, 2: 0xffff, 4: 0xffffffff, 8: 0xffffffffffffffff}


class Elf:
    """The headers of a well-formed 64-bit little-endian file, and its bytes."""

    def __init__(self, data):
        self.data = bytearray(data)
        self.phoff, self.shoff = struct.unpack_from("<QQ", data, 32)
        self.phnum, _, self.shnum, shstrndx = struct.unpack_from("<HHHH", data, 56)
        self.shdrs = [struct.unpack_from("<IIQQQQIIQQ", data, self.shoff + 64 * i)
                      for i in range(self.shnum)]
        self.names = []
        for header in self.shdrs:
            start = self.shdrs[shstrndx][4] + header[0]
            self.names.append(bytes(data[start:data.index(b"\0", start)]).decode())

    def get(self, off, width):
        return int.from_bytes(self.data[off:off + width], "little")

    def put(self, off, width, value):
        self.data[off:off + width] = (value & MASK[width]).to_bytes(width, "little")

    def section(self, name):
        """Offset and size of the section's bytes, or None."""
        if name not in self.names:
            return None
        header = self.shdrs[self.names.index(name)]
        return None if header[1] == NOBITS else (header[4], header[5])

    def pclntab(self):
        """File offset of the header of the function table."""
        for name in self.names:
            if name.endswith(".gopclntab"):
                return self.section(name)[0]
        found = re.search(rb"[\xf0\xf1]\xff\xff\xff\x00\x00\x01\x08", self.data)
        return found.start() if found else None

    def header_fields(self):
        """(label, offset, width) of every ELF, program and section header field."""
        fields = [("ehdr." + name, off, width) for name, off, width in EHDR]
        for i in range(self.phnum):
            fields += [(f"phdr[{i}].{name}", self.phoff + 56 * i + off, width)
                       for name, off, width in PHDR]
        for i in range(self.shnum):
            fields += [(f"shdr[{i}:{self.names[i]}].{name}", self.shoff + 64 * i + off, width)
                       for name, off, width in SHDR]
        return fields

    def table_fields(self):
        """Words of the metadata that the rewriter reads: pclntab, buildinfo, notes, symbols."""
        fields = []
        start = self.pclntab()
        if start is not None:
            fields += [(f"pclntab+{off:#x}", start + off, 8) for off in range(0, 72, 8)]
            fields += [(f"functab+{off:#x}", start + self.get(start + 64, 8) + off, 4)
                       for off in range(0, 400, 4)]
        for name in self.names:
            span = self.section(name)
            wanted = name.startswith(".note") or name in (
                ".go.buildinfo", ".symtab", ".shstrtab", ".gopclntab", ".go.module", ".strtab")
            if span and span[1] >= 8 and wanted:
                step = max(4, span[1] // 400 & ~3)
                fields += [(f"{name}+{off:#x}", span[0] + off, 4)
                           for off in range(0, span[1] - 8, step)]
        return fields

    def values(self, off, width, rng):
        """Values worth trying in a field: extremes, neighbours, the file's own sizes."""
        old, size = self.get(off, width), len(self.data)
        tries = [0, 1, old + 1, old - 1, old * 2, old ^ (1 << (8 * width - 1)), MASK[width],
                 MASK[width] >> 1, size, size - 1, size + 1, old + 0x1000, old - 0x1000,
                 old ^ (1 << rng.randrange(8 * width)), rng.getrandbits(8 * width)]
        return sorted({value & MASK[width] for value in tries} - {old})


def boundaries(elf):
    """Sizes to cut a file at."""
    size = len(elf.data)
    cuts = {0, 4, 16, 52, 63, 64, elf.shoff, size - 1}
    cuts |= {elf.phoff + 56 * i for i in range(elf.phnum + 1)}
    cuts |= {elf.shoff + 64 * i for i in range(elf.shnum + 1)}
    for header in elf.shdrs:
        if header[1] != NOBITS:
            cuts |= {header[4], header[4] + header[5], header[4] + header[5] // 2}
    cuts |= {size * i // 16 for i in range(16)}
    near = {cut + step for cut in cuts for step in (-1, 0, 1)}
    return sorted(cut for cut in near if 0 <= cut < size)


def set_go_version(elf, minor):
    """Overwrites the version string (inline form, Go 1.18 and later) in place."""
    start = elf.data.index(b"\xff Go buildinf:") + 32
    length = elf.data[start]
    text = f"go1.{minor}".encode()
    text += b"." + b"1" * (length - len(text) - 1) if length > len(text) else b""
    assert len(text) == length, "no version string of that length"
    elf.data[start + 1:start + 1 + length] = text


def meta_record(elf, kind):
    """File offset of the descriptor of the first .note.goprobes record of that type."""
    off, size = elf.section(".note.goprobes")
    end = off + size
    while off + 12 <= end:
        namesz, descsz, found = struct.unpack_from("<III", elf.data, off)
        desc = off + 12 + (namesz + 3 & ~3)
        if found == kind:
            return desc
        off = desc + (descsz + 3 & ~3)
    raise SystemExit(f"no record of type {kind}")


def crc_table():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82f63b78 if byte & 1 else 0)
        table.append(byte)
    return table


def crc32c(data, table=tuple(crc_table())):
    crc = 0xffffffff
    for byte in data:
        crc = table[(crc ^ byte) & 0xff] ^ crc >> 8
    return crc ^ 0xffffffff


def reseal(elf, whole):
    """Makes the seal fit what changed behind the original's end, so that the reader gets to
    see it; linker-pass/elf/meta.h says what the seal covers. `whole`: the file before."""
    undo = meta_record(Elf(whole), 5)
    size, _, _, count = struct.unpack_from("<QIII", elf.data, undo)
    if not 0 < size <= undo or count > 64:
        return
    covered, at = bytearray(), undo + 20
    for _ in range(count):
        if at + 12 > len(elf.data):
            return
        off, length = struct.unpack_from("<QI", elf.data, at)
        covered += elf.data[off:off + length]
        at += 12 + length
    covered += elf.data[size:undo + 8] + bytes(8) + elf.data[undo + 16:]
    elf.put(undo + 12, 4, crc32c(covered))


def locate(elf, command, args):
    """(offset, width) of the field that the command line names."""
    if command == "contract":
        return meta_record(elf, 1), 4
    if command == "pclntab":
        return elf.pclntab() + int(args[0], 0), int(args[1])
    table, step, start = (PHDR, 56, elf.phoff) if command == "phdr" else (SHDR, 64, elf.shoff)
    index = int(args[0]) if command == "phdr" else elf.names.index(args[0])
    off, width = next((off, width) for name, off, width in table if name == args[1])
    return start + step * index + off, width


def main(command, path, *args):
    with open(path, "rb") as file:
        elf = Elf(file.read())
    if command == "boundaries":
        print(*boundaries(elf), sep="\n")
        return
    if command == "go-version":
        set_go_version(elf, args[0])
    else:
        off, width = locate(elf, command, args)
        base = elf.get(off, width) if args[-1][0] in "+-" else 0
        elf.put(off, width, base + int(args[-1], 0))
    with open(path, "wb") as file:
        file.write(elf.data)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
