"""Reading a policy: all its mistakes at once, a line each; hostile text costs nothing."""

import json
import re
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portsock.policy.mistakes import MOST, Mistakes
from portsock.policy.nodes import Items, Node, Pairs, Scalar, read_nodes
from portsock.policy.reader import Policy, read_policy
from portsock.policy.values import PROTOCOLS, SELECTORS

HEAD = "version: 1\nlisteners:\n"
FORTY = Path(__file__).with_name("forty_mistakes.yaml")


def mistakes(text: str | bytes) -> list[tuple[int, str]]:
    found = read_policy(text if isinstance(text, bytes) else text.encode())
    assert isinstance(found, list), found
    return [(each.line, each.text) for each in found]


def of_rule(fields: str) -> str:
    """Return the one mistake of a rule."""
    ((line, text),) = mistakes(f"{HEAD}  - {{{fields}}}\n")
    assert line == 3
    return text


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("port: 0o22", "port: '0o22': write it in decimal: 18"),
        ("port: 022", "port: '022': some readers take it for octal; write 22"),
        ("port: 22:30", "port: '22:30': a range is written 22-30"),
        ("port: 0x16", "port: '0x16': write it in decimal: 22"),
        ("port: 80.0", "port: '80.0': write a whole number from 1 to 65535, digits only"),
        ("port: 1e3", "port: '1e3': write a whole number from 1 to 65535, digits only"),
        ("port: 8_080", "port: '8_080': write a whole number from 1 to 65535, digits only"),
        ("port: 0", "port: '0': port 0 is no port; ports are 1 to 65535"),
        ("port: 65536", "port: '65536': ports end at 65535"),
        ("port: 90-80", "port: '90-80': the range runs backwards; write 80-90"),
        ("port: '80,443'", "port: '80,443': several are a list: [80, 443]"),
        ("port: tcp:22", "port: 'tcp:22': write port: 22 and protocol: tcp"),
        ("port: 22/tcp", "port: '22/tcp': write port: 22 and protocol: tcp"),
        ("port: any", "port: 'any': for every port leave the key out, and name a program or scope"),
        ("port: ", "port has no value: write one, or leave the key out"),
        ("port: []", "port: an empty list matches nothing; write a value, or leave the key out"),
        ("port: {from: 1}", "port: a value or a flat list is needed, not a mapping or a list in a list"),
        ("protocol: TCP", "protocol: 'TCP': no protocol; write tcp"),
        ("scope: lan", "scope: 'lan': no scope; did you mean private?"),
        ("scope: [private, all]", "scope: one value is needed, the widest that is allowed, not 2"),
        ("address: localhost", "address: 'localhost': no address; write 127.0.0.1, '::1', or scope: loopback"),
        ("address: 10.0.0.1/8", "address: '10.0.0.1/8': bits are set behind the prefix; /32 is one address"),
        ("address: 10.0.0.0/40", "address: '10.0.0.0/40': a prefix length of IPv4 is 0 to 32"),
        ("address: 'fe80::1%eth0'", "address: 'fe80::1%eth0': a device is not compared; leave out what follows %"),
        ("reach: lan", "reach: 'lan': no address; write loopback, all or a network such as 10.0.0.0/8"),
        ("exe: nginx", "exe: 'nginx': no whole path; write one such as /usr/sbin/nginx, or program: for the name"),
        ("port: 22, must: yes", "must: 'yes': some YAML readers take it for a boolean, others for text; write true"),
        ("port: 22, must: maybe", "must: 'maybe' is neither true nor false; write true or false"),
        ("port: 22, must: true, forbid: true", "must and forbid contradict each other: keep one of them"),
        ("port: 22, pid: 7", "'pid' is no key: a pid changes at every start; use program, exe, user or unit"),
        ("port: 22, process: x", "'process' is no key of a rule; did you mean program?"),
        ("port: 22, ip: x", "'ip' is no key of a rule; did you mean address?"),
        ("port: 22, listening: true", "'listening' is no key of a rule; did you mean must?"),
        ("comment: x", "a rule that names nothing would match every socket: give port, program, scope or the like"),
        ("port: '${x}'", "port: '${x}': no such variable; define 'x' under variables, or write $$ for $"),
        ("port: 22, groups: web", "groups: 'web': no such group; groups: defines none; globs of hosts stand under hosts"),
        ("port: *x", "*x: aliases are not read; write the value itself, or use variables and ${name}"),
        ("<<: {port: 1}, port: 2", "<<: merge keys are not read; write the keys themselves"),
        ("port: !!int 22", "!!int: tags are not read, and nothing is constructed; write the plain value"),
        ("? [a] : 1, port: 22", "a list or mapping as a key: a key is a word"),
        ("port: 22, port: 23", "'port' stands here and in line 3: remove one of them"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_that_says_what_to_write(fields: str, expected: str) -> None:
    assert of_rule(fields) == expected


def test_python_tags_are_refused_by_name_and_line() -> None:
    text = f"{HEAD}  - port: 22\n  - !!python/object/apply:os.system {{port: 23}}\n"
    (found,) = mistakes(text)
    assert found == (
        4,
        "!!python/object/apply:os.system: tags are not read, and nothing is constructed; write the plain value",
    )


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        ("", 1, "the text is empty: a policy begins with version: 1, and listeners: follows"),
        ("- port: 22\n", 1, "no mapping: a policy begins with version: 1, and listeners: follows"),
        ("listeners: []\n", 1, "version is missing: begin with version: 1"),
        ("version: 2\nlisteners: []\n", 1, "version: '2': this portsock reads version 1; write version: 1"),
        ("version: 1\n", 1, "listeners is missing: list what may listen; an empty list, [], allows nothing"),
        ("version: 1\nlisteners: {}\n", 2, "listeners: a list is needed: each rule begins with '- ', as in - port: 22"),
        ("version: 1\ndefault: drop\nlisteners: []\n", 2, "default: 'drop': write deny or allow"),
        ("version: 1\nlisteners: []\nignore:\n  - port: 22\n", 4, "reason is missing: say in reason: why this is not judged"),
        (f"{HEAD}  - port: 22\n  - port: 22\n", 4, "it selects the same as line 3: remove one of the two rules"),
        (f"{HEAD}\t- port: 22\n", 3, "a tab in the indentation: YAML takes spaces only, so write spaces"),
        (f"{HEAD}  - port: 22\n---\nversion: 1\n", 4, "a second document (---): a file holds one policy"),
        (f"{HEAD}  - program: \x1b\n", 3, "a control character: write it in double quotes as \\x1b, or remove it"),
        (
            "version: 1\nvariables: {a: 1}\ngroups:\n  g: {hosts: x, variables: {b: 2}}\nlisteners: []\n",
            4,
            "variables of group g: 'b': not in the variables of all hosts; define it there first",
        ),
        (
            "version: 1\nvariables: {a: 1}\ngroups:\n  g: {hosts: x, variables: {a: z}}\nlisteners:\n  - port: ${a}\n",
            6,
            "port: 'z': no port; write a number (22), a range (8000-8100), a list ([80, 443]), or ephemeral "
            "(with the variables of group g)",
        ),
    ],
)
def test_a_mistake_in_the_structure_names_its_line(text: str, line: int, expected: str) -> None:
    assert mistakes(text) == [(line, expected)]


def test_after_a_mistake_in_the_syntax_the_rest_is_read() -> None:
    found = mistakes(f'{HEAD}  - port: 99999\n  - {{port: 22\n  - port: "23\n  - port: 0o17\n')
    assert [line for line, _ in found] == [3, 4, 5, 6]
    assert all(text.startswith(("port: ", "no YAML here: ")) for _, text in found)


def test_a_variable_without_quotes_in_braces_gets_a_hint() -> None:
    ((line, text),) = mistakes(f"{HEAD}  - {{port: ${{x}}}}\n")
    assert (line, text.endswith('; inside { } and [ ] write "${name}" in quotes')) == (3, True)


def test_forty_mistakes_are_one_line_each() -> None:
    text = FORTY.read_text()
    marked = [number for number, line in enumerate(text.splitlines(), 1) if "# !" in line]
    found = mistakes(text)
    assert len(marked) == 40
    assert [line for line, _ in found] == marked
    assert all("\n" not in words for _, words in found)


def test_the_number_of_mistakes_that_are_named_is_bounded() -> None:
    assert len(mistakes(HEAD + "  - port: x\n" * 5000)) == MOST


def test_what_a_policy_may_hold_is_bounded() -> None:
    assert mistakes(b"#" * ((1 << 20) + 1)) == [
        (1, "more than 1,048,576 bytes: split the policy by hosts, and check each part")
    ]
    assert "nested deeper than 8 levels" in mistakes("[" * 100_000)[0][1]
    assert "nested deeper" in mistakes("".join(" " * n + "a:\n" for n in range(1000)))[0][1]
    assert "values" in mistakes("version: 1\nlisteners: [" + ",".join(["a"] * 250_000) + "]\n")[0][1]
    assert "more than 10,000 rules" in mistakes(HEAD + "".join(f"  - port: {n}\n" for n in range(1, 10_002)))[0][1]
    assert mistakes(b"version: \xff\n") == [(1, "not UTF-8 text: save the file as UTF-8")]


def bomb(levels: int = 30) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, levels)]
    return "\n".join(lines)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs a limit on memory")
@pytest.mark.parametrize(
    "text", [bomb(), "&a [*a, *a]", "x: " + "[" * 50_000, HEAD + "  - port: x\n" * 20_000, "? " * 300_000]
)
def test_hostile_yaml_takes_little_memory(tmp_path: Path, text: str) -> None:
    (tmp_path / "bomb.yaml").write_text(text)
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_AS, (400 << 20, 400 << 20));"
        "from portsock.policy.reader import read_policy; print(len(read_policy(open(sys.argv[1], 'rb').read())))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "bomb.yaml")], capture_output=True, text=True, timeout=20, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert 0 < int(done.stdout) <= MOST


@given(st.binary(max_size=300) | st.text("-:[]{}&*!|>'\"%@`#,? \n\tversion1listenrpo$", max_size=200).map(str.encode))
def test_any_text_is_a_policy_or_has_mistakes_with_lines(data: bytes) -> None:
    found = read_policy(data)
    assert isinstance(found, Policy) or (
        found and all(1 <= each.line <= data.count(b"\n") + data.count(b"\r") + 9 for each in found)
    )


@given(st.text(" -:[]{}abc12\n\"'#,&*!", max_size=120))
def test_both_parsers_of_the_library_refuse_the_same(text: str) -> None:
    import yaml

    slow = getattr(yaml, "CSafeLoader", None)
    if slow is None:
        pytest.skip("the library has one parser only")
    fast = isinstance(read_policy(text.encode()), Policy)
    try:
        delattr(yaml, "CSafeLoader")
        assert isinstance(read_policy(text.encode()), Policy) is fast
    finally:
        setattr(yaml, "CSafeLoader", slow)  # noqa: B010 - a class that the stubs take for a constant


# The manual, and the schema that ships.

MAN = Path(__file__).parents[2] / "man"


def test_every_example_of_the_manual_is_a_policy() -> None:
    page = (MAN / "portsock-policy.5").read_text().replace("\\-", "-").replace("\\(aq", "'")
    whole = [part.partition(".EE")[0].strip("\n") for part in page.split(".EX\n")[1:] if part.startswith("version")]
    parts = [part.partition(".EE")[0] for part in page.split(".EX\n")[1:] if part.startswith("variables")]
    rules = re.findall(r"^(?:\\fB)?- (\{.*\})(?:\\fR)?$", page, re.MULTILINE)
    assert (len(whole), len(parts), len(rules)) == (1, 1, len(SELECTORS) + 3 + 4)
    head = "version: 1\n"
    texts = [*whole, *(head + part for part in parts)]
    texts += [f"{head}groups: {{staging: {{hosts: x}}}}\nlisteners:\n  - {rule}\n" for rule in rules]
    assert [found for text in texts if not isinstance(found := read_policy(text.encode()), Policy)] == []


SCHEMA = json.loads(files("portsock").joinpath("schema/policy-1.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def plain(node: Node | None) -> Any:
    """Return the nodes as a YAML 1.2 reader without tags would construct them."""
    if isinstance(node, Pairs):
        return {key.text: plain(value) for key, value in node.pairs}
    if isinstance(node, Items):
        return [plain(each) for each in node.items]
    assert isinstance(node, Scalar)
    if node.plain and node.text in ("true", "false"):
        return node.text == "true"
    if node.plain and node.text.isascii() and node.text.isdigit():
        return int(node.text)
    return None if node.plain and node.text in ("", "null", "~") else node.text


def by_schema(text: str) -> bool:
    return bool(VALIDATOR.is_valid(plain(read_nodes(text.encode(), Mistakes()))))


def test_the_schema_is_a_schema_and_has_the_same_keys_and_words() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    rule = SCHEMA["$defs"]["rule"]["properties"]
    assert list(rule) == [*SELECTORS, "must", "forbid", "comment"]
    assert set(SCHEMA["$defs"]["ignore"]["properties"]) == {*SELECTORS, "reason"}
    assert rule["protocol"]["anyOf"][0]["anyOf"][0]["enum"] == list(PROTOCOLS)


VALUES = {
    "port": ["22", "8000-8100", "[80, 443]", "ephemeral", "'443'", "${a}", "x", "[]", "true", "{}", "-1"],
    "protocol": ["tcp", "[tcp, udp]", "tcp6", "TCP", "6", "[[tcp]]", "${a}"],
    "address": ["127.0.0.1", "'*'", "[10.0.0.0/8, '::1']", "''", "[]"],
    "scope": ["private", "all", "[all]", "[all, link]", "lan", "1"],
    "reach": ["all", "[10.0.0.0/8]", "loopback", "{}"],
    "program": ["nginx", "['a*', b]", "1", "''", "null"],
    "user": ["root", "0", "[]"],
    "exe": ["/usr/bin/x", "['/opt/*']", "{}"],
    "hosts": ["'web*'", "[a, b]"],
    "must": ["true", "false", "yes", "1", "'x'"],
    "forbid": ["true", "false"],
    "comment": ["a b", "[]", "''"],
    "reason": ["x"],
    "colour": ["red"],
}
KNOWN_TO_THE_READER = ("port: '", "address: ", "no YAML", "must and forbid")
"""Beginnings of messages about what a schema does not say: ranges of ports, addresses."""


@given(st.dictionaries(st.sampled_from(sorted(VALUES)), st.integers(0, 10), max_size=4), st.booleans())
def test_reader_and_schema_accept_the_same(chosen: dict[str, int], ignore: bool) -> None:
    fields = ", ".join(f"{key}: {VALUES[key][number % len(VALUES[key])]}" for key, number in chosen.items())
    section = "listeners: []\nignore:" if ignore else "listeners:"
    text = f"version: 1\nvariables: {{a: 1}}\n{section}\n  - {{{fields}}}\n".replace("${a}", '"${a}"')
    found = read_policy(text.encode())
    if isinstance(found, Policy):
        assert by_schema(text)
    elif 'protocol: "${a}"' not in text and not all(each.text.startswith(KNOWN_TO_THE_READER) for each in found):
        assert not by_schema(text), found
