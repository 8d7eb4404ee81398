"""postern cp: files both ways, whole or not at all, and what goes wrong is said."""

import hashlib
import os
import subprocess

import pytest
from sessions import describe
from support.wait import wait_until

BIG = 40 * 1024 * 1024


@pytest.fixture
def copy(testbed):
    def run(*arguments, status=0):
        done = subprocess.run(
            [testbed.program("postern"), "cp", *map(str, arguments)],
            env=testbed.client_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == status, done.stderr
        assert done.stdout == ""
        return done.stderr

    return run


def digests(root):
    """Relative path to content's hash, or None for directories."""
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
        for path in sorted(root.rglob("*"))
    }


@pytest.fixture
def tree(tmp_path):
    root = tmp_path / "tree"
    (root / "deep/er").mkdir(parents=True)
    (root / "hollow").mkdir()
    (root / "big").write_bytes(os.urandom(BIG))
    (root / "empty").touch()
    for number in range(300):
        (root / f"deep/er/{number}").write_text(f"{number}\n" * number)
    (root / "deep/-x a'b\nc").write_text("odd name")
    return root


def test_a_tree_goes_up_and_comes_back(testbed, node, copy, tree, tmp_path):
    said = copy("-r", tree, f"{node.name}:{tmp_path}/there")
    assert "SHA-256 verified" in said
    assert digests(tmp_path / "there") == digests(tree)
    copy("-r", f"{node.name}:{tmp_path}/there", tmp_path / "back")
    assert digests(tmp_path / "back") == digests(tree)
    wait_until(lambda: not describe(testbed, "Active"), 20, "no session left", 0.1)


def test_files_into_a_directory_keep_name_mode_and_time(node, copy, tmp_path):
    source, target = tmp_path / "a file", tmp_path / "target"
    source.write_text("content")
    source.chmod(0o640)
    os.utime(source, (10**9, 10**9))
    target.mkdir()
    copy("-q", source, f"{node.name}:{target}/")
    status = (target / "a file").stat()
    assert (status.st_mode & 0o777, status.st_mtime) == (0o640, 10**9)


def test_goes_on_where_a_copy_was_cut_short(node, copy, tmp_path):
    source, part, target = tmp_path / "big", tmp_path / ".copy.postern-part", tmp_path / "copy"
    source.write_bytes(os.urandom(BIG))
    part.write_bytes(source.read_bytes()[: BIG // 2])
    assert "were there already" in copy(source, f"{node.name}:{target}")
    assert target.read_bytes() == source.read_bytes()
    assert not part.exists()


def test_what_is_not_copied_is_said(node, copy, tmp_path):
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "good").write_text("good")
    (tree / "link").symlink_to("/etc/passwd")
    for source, target, where in [
        (tree, f"{node.name}:{tmp_path}/up", tmp_path / "up"),
        (f"{node.name}:{tree}", tmp_path / "down", tmp_path / "down"),
    ]:
        assert "symbolic link" in copy("-r", source, target, status=1)
        assert [path.name for path in where.iterdir()] == ["good"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["NODE:/nonexistent", "TMP/x"], "No such file or directory"),
        (["TMP/nonexistent", "NODE:/tmp/x"], "No such file or directory"),
        (["TMP", "NODE:/tmp/x"], "--recursive"),
        (["NODE:/etc", "TMP/x"], "--recursive"),
        (["/etc/hostname", "NODE:/nonexistent/x"], "No such file or directory"),
        (["NODE:/etc/hostname", "TMP/nonexistent/x"], "No such file or directory"),
    ],
)
def test_says_what_is_wrong(node, copy, tmp_path, arguments, says):
    places = [argument.replace("NODE", node.name).replace("TMP", str(tmp_path)) for argument in arguments]
    assert says in copy(*places, status=1)


def test_a_wrong_command_line(node, copy):
    assert "both ends are on this machine" in copy("a", "b", status=2)
    assert "both on nodes" in copy(f"{node.name}:/a", f"{node.name}:/b", status=2)
