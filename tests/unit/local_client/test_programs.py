"""Programs on each platform, by their installers' habits."""

from __future__ import annotations

import pytest

from sshq_local.editors import CURSOR, VSCODE, Editor
from sshq_local.errors import Refusal
from sshq_local.programs import find_program, safe_for

WINDOWS = {"PATH": "", "LOCALAPPDATA": r"C:\Users\Ann Lee\AppData\Local"}


@pytest.mark.parametrize(
    ("editor", "platform", "environ", "place"),
    [
        (
            VSCODE,
            "win32",
            WINDOWS,
            r"C:\Users\Ann Lee\AppData\Local\Programs\Microsoft VS Code\bin\code.cmd",
        ),
        (
            VSCODE,
            "win32",
            {"PATH": "", "PROGRAMFILES": r"C:\Program Files"},
            r"C:\Program Files\Microsoft VS Code\bin\code.cmd",
        ),
        (
            CURSOR,
            "win32",
            WINDOWS,
            r"C:\Users\Ann Lee\AppData\Local\Programs\cursor\resources\app\bin\cursor.cmd",
        ),
        (
            VSCODE,
            "darwin",
            {"PATH": "", "HOME": "/Users/ann"},
            "/Users/ann/Applications/Visual Studio Code.app/Contents/Resources/app/bin/code",
        ),
    ],
)
def test_an_editor_off_the_path_is_found_where_it_installs_itself(
    editor: Editor, platform: str, environ: dict[str, str], place: str
) -> None:
    found = find_program(
        editor.program,
        editor.places,
        platform=platform,
        environ=environ,
        exists=lambda path: path == place,
    )
    assert found == place


def test_what_is_nowhere_is_not_found() -> None:
    environ = {"PATH": "", "HOME": "/h"}
    found = find_program("code", VSCODE.places, platform="darwin", environ=environ, exists=bool)
    assert found is not None
    assert (
        find_program("code", {}, platform="linux", environ=environ, exists=lambda _: True) is None
    )


@pytest.mark.parametrize("path", ["/a&calc", "/%PATH%", '/"', "/a|b", "/a\nb", "/a^b"])
def test_a_cmd_file_gets_nothing_that_cmd_would_run(path: str) -> None:
    with pytest.raises(Refusal):
        safe_for(r"C:\bin\code.CMD", ["--remote", path])
    safe_for("/usr/bin/code", ["--remote", path])


def test_a_path_with_spaces_is_fine() -> None:
    safe_for(r"C:\Program Files\code.cmd", ["/opt/my code (1)"])
