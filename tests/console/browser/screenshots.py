"""Pictures of every page in both themes, as a phone and as a large screen show them: screenshots.py FOLDER"""

import sys
from pathlib import Path

import pytest

if __name__ == "__main__":
    here = Path(__file__).parent
    if len(sys.argv) != 2:
        sys.exit("Say the folder for the pictures: python tests/console/browser/screenshots.py FOLDER")
    arguments = [
        str(here / "test_pages.py"),
        "-n",
        "0",
        "-m",
        "processes",
        "-k",
        "pictures",
        "--pictures",
        sys.argv[1],
    ]
    sys.exit(pytest.main(arguments))
