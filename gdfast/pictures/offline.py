"""An HTML page in one file: its style sheet and scripts inside, and a policy that forbids the network."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from importlib.resources import files

from ..notebook import escaped


def offline_page(
    title: str, style: str, body: str, scripts: Sequence[str], *, script_sources: str = "", policy: str = ""
) -> str:
    """The text of a page that runs only these very scripts and fetches nothing.

    Parameters
    ----------
    title : str
        Escaped here.
    style, body : str
        CSS, which follows what all pages share (offline.css), and HTML.
    scripts : sequence of str
        Each becomes a script element after the body.
    script_sources, policy : str
        What the content security policy allows beside: further sources of scripts, and further directives.

    Raises
    ------
    ValueError
        A script would end its own element.
    """
    if any("</script" in script.lower() for script in scripts):
        raise ValueError("a script of the page must not end its own element, as </script within it would")
    digests = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    sources = " ".join([*(f"'sha256-{digest}'" for digest in digests), *script_sources.split()])
    shared = files(__package__).joinpath("offline.css").read_text(encoding="utf-8")
    directives = [
        "default-src 'none'",
        f"script-src {sources}",
        "style-src 'unsafe-inline'",
        "img-src data: blob:",
        *filter(None, [policy]),
        "base-uri 'none'",
        "form-action 'none'",
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{"; ".join(directives)}">\n'
        '<meta name="color-scheme" content="light dark">\n<link rel="icon" href="data:,">\n'
        f"<title>{escaped(title)}</title>\n<style>{shared}{style}</style>\n</head>\n<body>\n{body}\n"
        + "".join(f"<script>{script}</script>\n" for script in scripts)
        + "</body>\n</html>\n"
    )
