"""YAML that nobody would write: real files, broken by chance, and tokens thrown together."""

from __future__ import annotations

from random import Random

# What the grammar of YAML turns on, and what lines end with in one reader and not in another.
TOKENS = (
    *(
        "---\n",
        "...\n",
        "%YAML 1.2\n---\n",
        "- ",
        "? ",
        ": ",
        "key: ",
        "- - ",
        "- key: ",
        "  ",
        "    ",
        "\n",
        "\n\n",
    ),
    *(
        "# comment\n",
        " # line\n",
        "#\n",
        "&a ",
        "*a",
        "*a\n",
        "<<: *a\n",
        "!!str ",
        "!tag ",
        "!<x> ",
        "~",
        "null",
    ),
    *(
        "|\n",
        "|-\n",
        "|+\n",
        ">2\n",
        ">-\n",
        "|1-\n",
        "  text\n",
        "   deeper\n",
        "'it''s'",
        '"a\\nb"',
        '"open',
        "'open",
    ),
    *(
        "[a, b]",
        "[",
        "]",
        "{a: 1}",
        "{",
        "}",
        ", ",
        "[a,\n  b]",
        "{a: {b: [1]}}",
        "\t",
        "\t- a\n",
        "a:\tb\n",
        "a :b\n",
    ),
    *(
        "\u0085",
        "\u2028",
        "\u2029",
        "\ufeff",
        "\u00e9",
        "\U0001f600",
        "\u200b",
        "0x1F",
        "0o7",
        "1e3",
        "yes",
        "-",
        "--",
    ),
    *(
        "? |\n  a\n: b\n",
        "a: |\n\n  b\n\n",
        "a:\n\n\n  b: 1\n",
        "a: >\n  x\n\n\n  y\n",
        "- |\n  a\n- b\n",
        "a: b: c\n",
    ),
    *(
        "key:\n- a\n- b\n",
        "key:\n  - a\n  # foot\n",
        "{{ .Values.a }}\n",
        "@",
        "`",
        "<<<<<<< ours\n",
        "=======\n",
    ),
)


def make_text(rnd: Random, seeds: list[str]) -> str:
    """Return a text of lines that all end in \\n."""
    text = _thrown_together(rnd) if rnd.random() < 0.25 else _broken(rnd, rnd.choice(seeds))
    text = text.replace("\r", "")
    return text if not text or text.endswith("\n") else text + "\n"


def _thrown_together(rnd: Random) -> str:
    return "".join(rnd.choice(TOKENS) for _ in range(rnd.randint(1, 25)))


def _broken(rnd: Random, text: str) -> str:
    lines = text.splitlines(keepends=True)
    if len(lines) > 60:  # a window: what breaks a parser is near
        start = rnd.randrange(len(lines) - 40)
        lines = lines[start : start + 40]
    for _ in range(rnd.randint(1, 4)):
        _break_lines(rnd, lines)
    return "".join(lines)


def _break_lines(rnd: Random, lines: list[str]) -> None:
    if not lines:
        lines.append(rnd.choice(TOKENS))
        return
    at = rnd.randrange(len(lines))
    line = lines[at]
    match rnd.randrange(9):
        case 0:
            del lines[at]
        case 1:
            lines.insert(rnd.randrange(len(lines) + 1), line)
        case 2:
            other = rnd.randrange(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
        case 3:
            lines[at] = " " * rnd.randint(0, 6) + line.lstrip(" ")
        case 4:
            column = rnd.randrange(len(line) + 1)
            lines[at] = line[:column] + rnd.choice(TOKENS) + line[column:]
        case 5:
            column = rnd.randrange(max(1, len(line)))
            lines[at] = line[:column] + line[column + 1 :]
        case 6:
            lines[at] = (
                line.rstrip("\n") + rnd.choice((" ", "  # c", " #", ":", " |", " >+", " &x", ",")) + "\n"
            )
        case 7:
            end = min(len(lines), at + rnd.randint(1, 4))
            lines[at:end] = [" " * rnd.randint(1, 3) + moved for moved in lines[at:end]]
        case _:
            lines.insert(at, rnd.choice(TOKENS))
