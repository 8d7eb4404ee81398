"""A person at a terminal. Every test runs over ssh too, and expects the same of both."""

import hashlib
import os
import re
import shlex

from support.processes import is_alive
from support.terminal import Screen
from support.wait import wait_until

MIB = 1 << 20
# Every byte value, in an order that no line discipline would produce by accident.
ALL_BYTES = bytes((i * 167) % 256 for i in range(256))


def test_shows_a_prompt_and_runs_what_is_typed(client):
    with client.shell() as shell:
        assert shell.run("echo $((6 * 7))") == "42"
        assert shell.run("tty").startswith("/dev/pts/")


def test_is_the_login_shell_of_the_agents_user(client):
    with client.shell() as shell:
        assert shell.run("id -u") == str(os.geteuid())
        assert shell.run("pwd") == os.path.expanduser("~")
        assert shell.run("shopt -q login_shell && echo yes") == "yes"


def test_carries_the_terminals_name(client):
    with client.shell() as shell:
        # ssh forwards the client's TERM; the protocol of a session has no place for it, so agents set their own.
        assert re.fullmatch(r"xterm(-256color)?", shell.run("echo $TERM"))


def test_has_the_terminals_size_from_the_start(client):
    with client.shell(rows=31, columns=117) as shell:
        wait_until(lambda: shell.run("stty size") == "31 117", 10, "the size at the start")


def test_follows_a_resize(client):
    with client.shell() as shell:
        shell.resize(40, 132)
        wait_until(lambda: shell.run("stty size") == "40 132", 10, "the new size")


def test_takes_a_paste_of_a_mebibyte(client):
    line = b"0123456789abcdef" * 63 + b"0123456789abcde\n"
    text = line * (MIB // len(line))
    assert len(text) == MIB
    with client.shell() as shell:
        shell.send("stty -echo; echo rea''dy; cat | sha256sum; stty echo\r")
        shell.expect(b"ready\r\n")
        for start in range(0, len(text), 16 * len(line)):
            shell.send(text[start : start + 16 * len(line)])
        shell.send("\x04")
        assert hashlib.sha256(text).hexdigest() in shell.expect(shell.prompt, timeout=120).decode()


def test_prints_ten_mebibytes(client):
    with client.shell() as shell:
        shell.send("seq 1 1400000; echo do''ne\r")
        printed = shell.expect(b"done\r\n", timeout=120)
        numbers = printed.split(b"\r\n")[1:-1]
        assert numbers == [str(n).encode() for n in range(1, 1400001)]


def test_ctrl_c_interrupts(client):
    with client.shell() as shell:
        shell.send("sh -c 'echo star''ted; exec sleep 100'\r")
        shell.expect(b"started\r\n")
        shell.send("\x03")
        shell.expect(shell.prompt, timeout=10)
        assert shell.run("echo $?") == "130"


def test_ctrl_backslash_quits(client):
    with client.shell() as shell:
        shell.run("ulimit -c 0")
        shell.send("sh -c 'echo star''ted; exec sleep 100'\r")
        shell.expect(b"started\r\n")
        shell.send("\x1c")
        shell.expect(shell.prompt, timeout=10)
        assert shell.run("echo $?") == "131"


def test_ctrl_z_suspends(client):
    with client.shell() as shell:
        shell.send("sh -c 'echo star''ted; exec sleep 100'\r")
        shell.expect(b"started\r\n")
        shell.send("\x1a")
        shell.expect(b"Stopped", timeout=10)
        shell.expect(shell.prompt, timeout=10)
        shell.run("kill %1; wait")


def test_carries_utf8_both_ways(client):
    text = "žluťoučký kůň 漢字 🐎"
    with client.shell() as shell:
        shell.run("export LC_ALL=C.UTF-8")
        assert shell.run(f"printf %s '{text}' | od -An -tx1 | tr -d ' \\n'") == text.encode().hex()
        escaped = "".join(f"\\x{byte:02x}" for byte in text.encode())
        assert shell.run(f"printf '%b\\n' '{escaped}'") == text


def test_carries_every_byte_to_the_far_side(client):
    with client.shell() as shell:
        shell.send("stty raw -echo; echo rea''dy; head -c 256 | sha256sum; stty sane\r")
        shell.expect(b"ready\n")
        shell.send(ALL_BYTES)
        assert hashlib.sha256(ALL_BYTES).hexdigest() in shell.expect(shell.prompt).decode()


def test_carries_every_byte_from_the_far_side(client):
    escapes = "".join(f"\\{byte:03o}" for byte in ALL_BYTES)
    with client.shell(columns=2000) as shell:
        shell.send(f"stty -opost; printf 'beg''in{escapes}en''d'; stty opost\r")
        shell.expect(b"begin")
        assert shell.expect(b"end") == ALL_BYTES


def test_edits_in_vi(client, tmp_path):
    file = tmp_path / "poem"
    file.write_text("roses are red\nviolets are blue\n")
    with Screen(client.command, client.env) as screen:
        screen.wait_for(r"[#$] *$")
        screen.type(f"vi -u NONE -N {file}")
        screen.press("Enter")
        before = screen.wait_for(r"^violets are blue")
        assert before[:4] == ["roses are red", "violets are blue", "~", "~"]
        screen.type("jOsugar is sweet")
        screen.press("Escape")
        screen.type(":wq")
        screen.press("Enter")
        wait_until(lambda: "sugar" in file.read_text(), 10, "the file written")
        screen.wait_for(r"[#$] *$")
    assert file.read_text() == "roses are red\nsugar is sweet\nviolets are blue\n"


def test_full_screen_top_comes_and_goes(client):
    with Screen(client.command, client.env, rows=24, columns=100) as screen:
        screen.wait_for(r"[#$] *$")
        screen.type("top -d 1")
        screen.press("Enter")
        lines = screen.wait_for(r"^ *PID +USER")
        assert lines[0].startswith("top - ")
        assert len(lines) == 24
        screen.press("q")
        # What comes before top has read its last key would be top's.
        screen.wait_for(r"[#$] *$")
        screen.type("echo ba''ck")
        screen.press("Enter")
        screen.wait_for(r"^back$")


def test_ends_with_exit_and_gives_the_terminal_back(client):
    script = f"stty -g; {shlex.join(client.command)}; echo status=$?; stty -g"
    with client.running(["bash", "--norc", "-c", script]).shell() as shell:
        shell.send("exit\r")
        rest = shell.wait_end().decode()
    settings = re.findall(r"(?m)^[0-9a-f]+(?::[0-9a-f]+){10,}", (shell.banner.decode() + rest).replace("\r", ""))
    assert len(settings) == 2, (shell.banner, rest)
    assert settings[0] == settings[1]
    assert "status=0" in rest


def test_closing_the_terminal_ends_the_far_shell(client):
    shell = client.shell()
    far_shell = int(shell.run("echo $$"))
    assert is_alive(far_shell)
    shell.hang_up()
    wait_until(lambda: not is_alive(far_shell), 20, "the far shell gone")
    wait_until(lambda: not is_alive(shell.pid), 20, "the client gone")


def test_sessions_do_not_see_each_other(client):
    with client.shell() as one, client.shell() as two:
        one.run("secret=1")
        assert two.run("echo \"${secret-unset}\"") == "unset"
        assert one.run("tty") != two.run("tty")
