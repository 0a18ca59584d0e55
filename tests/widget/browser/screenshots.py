"""Pictures of the widget in both themes on a phone and a large screen, and its figures on a slow phone"""

import os
import sys
from pathlib import Path

import pytest

if __name__ == "__main__":
    here = Path(__file__).parent
    if len(sys.argv) != 2:
        sys.exit("Say the folder for the pictures: python tests/widget/browser/screenshots.py FOLDER")
    os.environ["BRIDGE_PICTURES"] = str(Path(sys.argv[1]).resolve())
    sys.exit(pytest.main([str(here / "test_slow_phone.py"), "-n", "0", "-m", "processes"]))
