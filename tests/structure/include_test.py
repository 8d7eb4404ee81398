"""Guards the architecture: who includes whom, what CMake links, room READMEs, and what the documents link to and name; and that each
trap of the protocols has a test named for it.

Run by ctest, or alone: /usr/bin/python3 tests/structure/include_test.py. The rules are in rooms.toml, the traps in traps.toml.
"""

import re
import subprocess
import sys
import tempfile
import tomllib
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
MARKDOWN_LINK = re.compile(r"\[[^\]\[]*\]\(([^()\s]+)\)")
TEST = re.compile(r"^(?:TEST(?:_[FP])?\(\w+,\s*(\w+)\)| *def (test_\w+)\()", re.MULTILINE)
# In the name of a test: Trap8AndControlPlaneTrap13_..., Trap33And48_..., test_control_plane_trap_40_...
TRAP = re.compile(r"(control_?plane_?)?trap_?(\d+)((?:_?and_?\d+)*)", re.IGNORECASE)
LAST_TRAPS = {"data-channel": 60, "control-plane": 50}
MAX_LINES = 600


def load_rules():
    return tomllib.loads((Path(__file__).parent / "rooms.toml").read_text())


def includes(source_directory):
    """(file, line number, room, quoted, name) of each #include in each room."""
    for path in sorted(source_directory.rglob("*")):
        if path.suffix not in (".h", ".cc", ".in") or not path.is_file():
            continue
        room = path.relative_to(source_directory).parts[0]
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if match := INCLUDE.match(line):
                yield path, number, room, match[1] == '"', match[2]


def forbidden_edge(rules, room, used):
    """Why `room` may not include `used`, or None."""
    if used in (room, "base") or used in rules["rooms"][room]["uses"]:
        return None
    entry = rules["rooms"][room]
    return entry.get("never", {}).get(used) or entry["because"]


def forbidden_library(rules, room, name):
    """Why `room` may not include the library header `name`, or None."""
    for library in rules["libraries"]:
        if not name.startswith(library["prefix"]):
            continue
        allowed = room in library["only"] if "only" in library else room not in library["except"]
        if not allowed:
            return library["because"]
    return None


def violations(rules, source_directory):
    found = []
    for path, number, room, quoted, name in includes(source_directory):
        place = f"{path.relative_to(source_directory.parent)}:{number}"
        if room not in rules["rooms"]:
            found.append(f"{place}: the room {room} is not in tests/structure/rooms.toml")
            continue
        used = name.split("/")[0]
        if not quoted:
            if reason := forbidden_library(rules, room, name):
                found.append(f"{place}: {room} may not include <{name}>: {reason}")
        elif "/" not in name or used not in rules["rooms"]:
            found.append(f'{place}: "{name}" names no room; write it as "room/header.h"')
        elif reason := forbidden_edge(rules, room, used):
            found.append(f"{place}: {room} -> {used} is forbidden: {reason}")
    return found


def own_header_later(source_directory):
    """Sources that include another header before their own, which then may lean on it."""
    for source in sorted(source_directory.rglob("*.cc")):
        header = source.with_suffix(".h")
        first = next((match[2] for line in source.read_text().splitlines() if (match := INCLUDE.match(line))), "")
        if header.is_file() and first != header.relative_to(source_directory).as_posix():
            yield source.relative_to(source_directory.parent).as_posix()


def used_rooms(source_directory, room):
    """Rooms that `room` includes, itself and base aside."""
    used = {name.split("/")[0] for _, _, of, quoted, name in includes(source_directory) if of == room and quoted}
    return used - {room, "base"}


def linked_rooms(source_directory, room):
    text = (source_directory / room / "CMakeLists.txt").read_text()
    # A room may have a second library, NAME_testing, with what other rooms' tests need of it.
    return {name.removesuffix("_testing") for name in re.findall(r"postern::(\w+)", text)} - {room, "base"}


def built_rooms(source_directory):
    return sorted(path.parent.name for path in source_directory.glob("*/CMakeLists.txt"))


def tracked_files():
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return []
    return [ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


def anchors(text):
    """The fragment names of a document's headings, as the usual renderers make them."""
    text = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    found = set()
    for heading in re.findall(r"^#+ +(.+?) *$", text, flags=re.MULTILINE):
        kept = re.sub(r"[^\w\- ]", "", heading.lower())
        found.add(kept.replace(" ", "-"))
    return found


def broken_links(document):
    text = document.read_text()
    for target in MARKDOWN_LINK.findall(re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, fragment = target.partition("#")
        linked = (document.parent / name).resolve() if name else document
        if not linked.exists():
            yield f"{document.relative_to(ROOT)}: {target} leads nowhere"
        elif fragment and linked.suffix == ".md" and fragment not in anchors(linked.read_text()):
            yield f"{document.relative_to(ROOT)}: {target} names no heading of {name or 'this page'}"


def names_of_tests():
    """Of all tests in C++, and of those end to end."""
    files = [*(ROOT / "src").rglob("*_test.cc"), *(ROOT / "tests/e2e").glob("test_*.py")]
    return {first or second for path in files for first, second in TEST.findall(path.read_text())}


def traps_of(name):
    """(document, number) of each trap that a test is named for."""
    found = set()
    for control_plane, first, more in TRAP.findall(name):
        document = "control-plane" if control_plane else "data-channel"
        found |= {(document, int(number)) for number in [first, *re.findall(r"\d+", more)]}
    return found


def wrong_traps(traps, tests):
    """What is wrong with the table of traps, where these are the names of all tests."""
    tested = set()
    for document, last in LAST_TRAPS.items():
        missing = {str(number) for number in range(1, last + 1)} - set(traps[document])
        yield from (f"{document} {number}: is missing" for number in sorted(missing, key=int))
        for number, entry in traps[document].items():
            place = f"{document} {number}"
            if set(entry) not in ({"what", "test"}, {"what", "because"}):
                yield f"{place}: needs what, and either test or because"
            elif name := entry.get("test"):
                tested.add((document, int(number)))
                if name not in tests:
                    yield f"{place}: there is no test {name}"
                elif (document, int(number)) not in traps_of(name):
                    yield f"{place}: the name of {name} does not say so"
    for name in sorted(tests):
        for document, number in sorted(traps_of(name) - tested):
            yield f"{name}: traps.toml names no test for {document} {number}"


def flat(table, prefix=""):
    """A TOML table's values by their dotted names."""
    found = {}
    for name, value in table.items():
        found |= flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
    return found


class Rooms(unittest.TestCase):
    def test_includes_follow_the_arrows(self):
        found = violations(load_rules(), ROOT / "src")
        self.assertEqual(found, [], "\n" + "\n".join(found))

    def test_sources_include_their_own_header_first(self):
        self.assertEqual(list(own_header_later(ROOT / "src")), [])

    def test_arrows_have_no_circle(self):
        rooms = load_rules()["rooms"]
        done = set()
        while left := [name for name in rooms if name not in done]:
            free = [name for name in left if done.issuperset(rooms[name]["uses"])]
            self.assertTrue(free, f"these rooms use each other in a circle: {left}")
            done.update(free)

    def test_each_room_has_a_readme(self):
        missing = [room for room in built_rooms(ROOT / "src") if not (ROOT / "src" / room / "README.md").exists()]
        self.assertEqual(missing, [], "a README says what a room is for and what it must not know")

    def test_links_match_includes(self):
        for room in built_rooms(ROOT / "src"):
            with self.subTest(room=room):
                self.assertEqual(
                    linked_rooms(ROOT / "src", room),
                    used_rooms(ROOT / "src", room),
                    f"src/{room}/CMakeLists.txt must link the rooms that its files include, and no others",
                )


class Documents(unittest.TestCase):
    def test_links_lead_somewhere(self):
        found = [link for path in tracked_files() if path.suffix == ".md" for link in broken_links(path)]
        self.assertEqual(found, [], "\n" + "\n".join(found))

    def test_every_configuration_key_is_documented(self):
        keys = re.findall(r'^ *\{"([a-z_.]+)",', (ROOT / "src/cmd/posternd_config.cc").read_text(), flags=re.MULTILINE)
        example = (ROOT / "packaging/posternd.toml").read_text()
        table = dict(re.findall(r"^\| (`[a-z_.`, ]+`) \| ([^|]*) \|", (ROOT / "docs/operating.md").read_text(), flags=re.MULTILINE))
        documented = {key: default for cell, default in table.items() for key in re.findall(r"[a-z_.]+", cell)}
        defaults = flat(tomllib.loads(re.sub(r"(?m)^#(?=[a-z_]+ = )", "", example)))
        self.assertEqual(set(defaults), set(keys), "packaging/posternd.toml")
        self.assertEqual(set(keys) - set(documented), set(), "docs/operating.md")
        numbers = {key: documented[key].replace(",", "") for key in keys}
        wrong = {key: text for key, text in numbers.items() if text.isdigit() and int(text) != defaults[key]}
        self.assertEqual(wrong, {}, "docs/operating.md has another default than packaging/posternd.toml")

    def test_long_files_are_named(self):
        """A warning only: length is a hint that a file has two subjects."""
        for path in tracked_files():
            if path.suffix in (".h", ".cc", ".py", ".md", ".sql", ".cmake"):
                lines = path.read_text().count("\n")
                if lines > MAX_LINES:
                    print(f"warning: {path.relative_to(ROOT)} has {lines} lines", file=sys.stderr)


class Traps(unittest.TestCase):
    def test_each_has_a_test_or_a_reason(self):
        traps = tomllib.loads((Path(__file__).parent / "traps.toml").read_text())
        found = list(wrong_traps(traps, names_of_tests()))
        self.assertEqual(found, [], "\n" + "\n".join(found))


class TheGuardItself(unittest.TestCase):
    """A guard that can't fail guards nothing."""

    def found_in(self, files, look=lambda source: violations(load_rules(), source)):
        with tempfile.TemporaryDirectory() as directory:
            source = Path(directory) / "src"
            for name, text in files.items():
                (source / name).parent.mkdir(parents=True, exist_ok=True)
                (source / name).write_text(text)
            return list(look(source))

    def test_sees_an_own_header_that_comes_later(self):
        files = {"wire/a.h": "", "wire/a.cc": '#include "base/b.h"\n#include "wire/a.h"\n', "wire/c.cc": "#include <map>\n"}
        self.assertEqual(self.found_in(files, own_header_later), ["src/wire/a.cc"])

    def test_names_place_edge_and_reason(self):
        found = self.found_in({"gateway/relay.cc": '#include "gateway/relay.h"\n#include "channel/sender.h"\n'})
        self.assertEqual(len(found), 1)
        self.assertRegex(found[0], r"^src/gateway/relay\.cc:2: gateway -> channel is forbidden: .*not an end")

    def test_allows_what_the_table_allows(self):
        self.assertEqual(self.found_in({"gateway/a.h": '#include "wire/a.h"\n#include "base/a.h"\n#include <map>\n'}), [])

    def test_knows_libraries(self):
        for name, header in (
            ("gateway/a.cc", "boost/beast/http.hpp"),
            ("auth/a.cc", "soci/soci.h"),
            ("wire/a.h", "boost/asio/buffer.hpp"),
            ("store/a.cc", "sqlite3.h"),
        ):
            with self.subTest(header=header):
                self.assertEqual(len(self.found_in({name: f"#include <{header}>\n"})), 1)

    def test_refuses_unknown_rooms_and_relative_includes(self):
        self.assertEqual(len(self.found_in({"attic/a.h": "#include <map>\n"})), 1)
        self.assertEqual(len(self.found_in({"wire/a.cc": '#include "a.h"\n'})), 1)

    def test_reads_the_numbers_of_traps(self):
        for name, traps in (
            ("Trap8AndControlPlaneTrap13_X", {("data-channel", 8), ("control-plane", 13)}),
            ("Trap33And48_Has4", {("data-channel", 33), ("data-channel", 48)}),
            ("test_control_plane_trap_1_and_2_a_201", {("control-plane", 1), ("control-plane", 2)}),
            ("test_2_things", set()),
        ):
            with self.subTest(name=name):
                self.assertEqual(traps_of(name), traps)

    def test_says_what_is_wrong_with_traps(self):
        whole = {document: {str(n): {"what": "x", "because": "y"} for n in range(1, last + 1)} for document, last in LAST_TRAPS.items()}
        self.assertEqual(list(wrong_traps(whole, {"Trap_"})), [])
        del whole["control-plane"]["50"]
        whole["data-channel"] |= {"1": {"what": "x", "test": "Trap2_A"}, "2": {"what": "x", "test": "Trap2_B"}, "3": {"what": "x"}}
        self.assertEqual(
            list(wrong_traps(whole, {"Trap2_A", "ControlPlaneTrap4_C"})),
            [
                "data-channel 1: the name of Trap2_A does not say so",
                "data-channel 2: there is no test Trap2_B",
                "data-channel 3: needs what, and either test or because",
                "control-plane 50: is missing",
                "ControlPlaneTrap4_C: traps.toml names no test for control-plane 4",
            ],
        )


if __name__ == "__main__":
    unittest.main()
