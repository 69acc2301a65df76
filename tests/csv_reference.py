"""CSV once more by the text of the landing contract, one character after the other; and awkward files."""

from hypothesis import strategies as st

Record = tuple[int, str | None, list[str | None]]
NONE = [None, None, None]


def reference_records(content: bytes) -> tuple[list[str], list[Record]] | None:
    """Header names and records by the text of the contract; None when the header cannot be parsed."""
    content = content[3:] if content[:3] == b"\xef\xbb\xbf" else content
    lines, line = [], bytearray()
    for octet in content:
        if octet == 10:
            lines.append(bytes(line[:-1] if line[-1:] == b"\r" else line))
            line = bytearray()
        else:
            line.append(octet)
    lines.append(bytes(line))
    lines = [line for line in lines if line]
    if not lines:
        return None
    delimiter = ";" if lines[0].count(b";") > lines[0].count(b",") else ","
    header = reference_values(lines[0], delimiter)
    if header is None:
        return None
    found: list[Record] = []
    for number, line in enumerate(lines[1:], start=1):
        row = reference_values(line, delimiter)
        if row is None or len(row) != len(header):
            found.append((number, line.decode("utf-8", "replace"), NONE))
        else:
            found.append((number, None, [row[header.index(name)] for name in ("a", "b", "c")]))
    return header, found


def reference_values(line: bytes, delimiter: str) -> list[str] | None:
    try:
        text = line.decode()
    except UnicodeDecodeError:
        return None
    if "\0" in text:
        return None
    row, value, state = [], "", "start"
    for letter in text:
        if state == "start" and letter == '"':
            state = "quoted"
        elif state == "quoted":
            if letter == '"':
                state = "closed"
            else:
                value += letter
        elif state == "closed" and letter == '"':
            value += '"'
            state = "quoted"
        elif letter == delimiter:
            row.append(value)
            value, state = "", "start"
        elif state == "closed":
            return None
        else:
            value += letter
            state = "plain"
    return None if state == "quoted" else [*row, value]


pieces = st.sampled_from(
    [
        b'"',
        b'"',
        b",",
        b",",
        b";",
        b"\n",
        b"\r\n",
        b"\r",
        b"x",
        b"yz",
        b" ",
        b"\0",
        b"\xff",
        "é".encode(),
        b'""',
        b'","',
    ]
)
good_lines = st.lists(st.sampled_from([b"1", b'"2"', b'"3,""3"', b"", b'4"']), min_size=3, max_size=3).map(b",".join)
lines = st.one_of(st.lists(pieces, max_size=12).map(b"".join), good_lines)
files = st.tuples(
    st.sampled_from([b"a,b,c\n", b"c,a,b\r\n", b"\xef\xbb\xbfa;b;c\n", b'"a",b,c\n']), st.lists(lines, max_size=8)
)
