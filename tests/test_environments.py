"""The library works without a home directory, and where text is not UTF-8 by default."""

import os
import subprocess
import sys

# Everything that opens a file, looks for a place to keep one, or prints.
USE = """
import cnncourse.data, cnncourse.plotting, cnncourse.training
from cnncourse import widgets
from cnncourse.check import check, hint, progress

for name in widgets.__all__:
    getattr(widgets, name)().get_state()
check("convolution.valid", lambda x, weight: x)
check("convolution.valid", ...)
hint("convolution.valid")
progress()
"""
NO_USER = """
import pwd

def missing(uid):
    raise KeyError(uid)

pwd.getpwuid = missing
"""
STRICT = """
import warnings
warnings.filterwarnings("error", category=EncodingWarning, module=r"cnncourse\\.")
"""


def output(code, options=(), **environment):
    """Run a program, without the variables given as None, and return what it prints."""
    given = {name: value for name, value in (os.environ | environment).items() if value is not None}
    command = [sys.executable, *options, "-c", code]
    done = subprocess.run(command, env=given, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
    return done.stdout


def test_all_works_without_a_home_directory_and_without_an_entry_among_the_users(tmp_path):
    nowhere = {"HOME": None, "CNNCOURSE_PROGRESS": None, "TMPDIR": str(tmp_path)}
    nowhere |= {"MPLCONFIGDIR": str(tmp_path)}  # matplotlib 3.8 asks for a home directory itself
    assert "Not right yet" in output(NO_USER + USE, **nowhere).decode()
    assert (tmp_path / ".cnncourse" / "progress.json").exists()


def test_all_works_where_files_are_ascii_by_default_and_the_console_lacks_signs():
    poor = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    options = ["-X", "warn_default_encoding"]
    said = output(STRICT + USE, options, PYTHONIOENCODING="cp1252", **poor)
    assert b"? Not right yet" in said
    assert b"? tried  convolution.valid" in said
