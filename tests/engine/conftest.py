"""The stage that is set for these tests."""

from staged import scene, staged

__all__ = ["scene", "staged"]
