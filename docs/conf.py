"""The documentation site: Sphinx on the Markdown pages of this folder, for `sphinx-build -W -b html docs build/site`.

Nothing is fetched, neither while it is built nor by a reader's browser. What is done to the pages before Sphinx reads
them stands in `_site/`, one idea in a file.
"""

from __future__ import annotations

import sys
from importlib.metadata import version as version_of
from pathlib import Path

import gdfast

sys.path.insert(0, str(Path(__file__).parent / "_site"))
# Where their names are documented, not where their files lie.
sys.modules["gdfast.landscape"], sys.modules["gdfast.plots"] = gdfast.landscape, gdfast.plots

project = "gdfast"
author = "gdfast developers"
project_copyright = author
version = release = version_of("gdfast")

extensions = [
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "code_cells",
    "docstrings",
    "index_pages",
    "kernel",
    "lecture_numbers",
    "mathjax",
    "notebooks",
]
exclude_patterns = ["_site", "draw"]
suppress_warnings = ["misc.highlighting_failure"]  # a session in a shell may hold half a quotation

# Markdown as a forge shows it: formulas between dollars, GitHub's anchors.
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 4

mathjax_path = "mathjax/tex-chtml.js"

# Each page's blocks run in one kernel, in a folder of their own; what they print is shown, an exception ends the build.
nb_execution_mode = "force"
nb_execution_in_temp = True
nb_execution_raise_on_error = True
nb_execution_timeout = 240
nb_merge_streams = True
nb_output_stderr = "remove"
nb_ipywidgets_js: dict[str, dict[str, str]] = {}

# Every public name from its docstring.
autosummary_generate = True
autodoc_typehints = "none"
numpydoc_show_class_members = False
templates_path = ["_site/templates"]

html_theme = "pydata_sphinx_theme"
html_title = "gdfast"
html_sidebars = {page: [] for page in ("index", "lecture", "exercises/index")}  # pages without a section around them
html_static_path = ["_site/static"]
html_css_files = ["site.css"]
html_js_files = [("site.js", {"defer": "defer"})]
html_context = {"default_mode": "auto"}
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "show_prev_next": True,
    "navigation_with_keys": False,
    "collapse_navigation": True,
    "show_nav_level": 1,
    "header_links_before_dropdown": 6,
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
}
