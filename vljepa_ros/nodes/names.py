"""Names as ROS allows them, checked before rcl answers with a page of its own."""

from __future__ import annotations

import re

_NAMESPACE = re.compile(r"/?(?:[A-Za-z_]\w*(?:/[A-Za-z_]\w*)*)?/?", re.ASCII)


def checked_namespace(text: str) -> str:
    """The namespace without a slash at its end; "" and "/" mean none.

    Raises ValueError, in one line, for what no node can be in.
    """
    if not _NAMESPACE.fullmatch(text):
        raise ValueError(
            f"namespace: {text!r}; allowed: letters, digits and _, no digit first, parts joined "
            "by /"
        )
    return text.rstrip("/")
