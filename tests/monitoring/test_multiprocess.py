"""The folder in which processes count together."""

import os
from pathlib import Path

from bridge.monitoring.multiprocess import VARIABLE, counting_together


def test_it_goes_with_whoever_made_it_and_nobody_looks_for_it_afterwards():
    assert VARIABLE not in os.environ
    with counting_together():
        folder = Path(os.environ[VARIABLE])
        assert folder.is_dir()
        with counting_together():  # under a process that did so before
            assert Path(os.environ[VARIABLE]) == folder
        assert folder.is_dir()
    assert not folder.exists()
    assert VARIABLE not in os.environ
