"""Functions, files and lines of addresses in a file of code that is not running, for `sluice postmortem <report>`: gdb has
loaded the file, `places(offsets)` prints a line for each."""

import gdb


def function_at(pc):
    """Of the innermost function, inlined ones too; without debug information of the symbol."""
    try:
        block = gdb.block_for_pc(pc)
        while block is not None and not block.is_static and not block.is_global:
            if block.function is not None:
                return block.function.print_name
            block = block.superblock
    except (RuntimeError, gdb.error):
        pass
    symbol = gdb.execute("info symbol 0x%x" % pc, False, True)
    return "" if symbol.startswith("No symbol") else symbol.split(" in section ")[0].split(" + ")[0]


def places(offsets):
    for offset in offsets:
        name = function_at(offset)
        place = gdb.find_pc_line(offset)
        where = "" if place.symtab is None else " at %s:%d" % (place.symtab.filename, place.line)
        print("@%x %s%s" % (offset, name, where))
