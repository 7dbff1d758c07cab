"""A training that is killed loses one epoch at most, and leaves no broken file."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the trainings are forked")
def test_a_training_can_be_killed_at_any_moment(given, tmp_path):
    script = Path(__file__).with_name("killed.py")
    command = [sys.executable, script, json.dumps(given | {"epochs": 3}), tmp_path]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["kept"] == sorted(found["kept"])  # killed again, nothing gets lost again
    # An epoch replaces history.json, last.pt and, where the accuracy rose, best.pt.
    assert found["before"][:4] == [0, 0, 0, 1]
    assert found["before"] == sorted(found["before"])
    assert found["before"].count(1) >= 2
