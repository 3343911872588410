"""Read what the control routes are sent; what is no JSON object, or lacks a key, is refused with a sentence."""

from typing import Any

from starlette.requests import Request


async def object_in(request: Request, *needed: str) -> dict[str, Any]:
    """Return the JSON object that a request carries, with at least these keys."""
    try:
        given = await request.json()
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise ValueError("send a JSON object")
    if missing := [name for name in needed if name not in given]:
        raise ValueError(f"the JSON object lacks {', '.join(missing)}")
    return given
