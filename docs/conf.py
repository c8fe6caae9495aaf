"""Sphinx configuration: MyST pages, the furo theme, and the table of hooks read from the code."""

import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parent
sys.path[:0] = [str(DOCS), str(DOCS.parent / "src")]

project = "django-fleet"
author = "the django-fleet maintainers"
copyright = f"2026, {author}"
release = "0.1.0"

extensions = ["myst_parser", "_ext.hooks_table"]
exclude_patterns = ["_build"]

myst_enable_extensions = ["colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = "django-fleet"
html_copy_source = False
