"""Says whether two safetensors files hold the same tensors, bit for bit, whatever their headers say beside that."""

import sys

import safetensors_file


def difference(first, second):
    """In what two files differ, in words, or None."""
    a, b = safetensors_file.read(first), safetensors_file.read(second)
    if a.keys() != b.keys():
        return f"{sorted(a.keys() ^ b.keys())} are in one file only"
    for name, value in a.items():
        if value != b[name]:
            return f"{name} differs"
    return None if a else "there is no tensor"


def main(arguments):
    if len(arguments) != 2:
        print("usage: same_bits.py FIRST SECOND", file=sys.stderr)
        return 2
    found = difference(*arguments)
    if found:
        print(f"{arguments[0]}, {arguments[1]}: {found}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
