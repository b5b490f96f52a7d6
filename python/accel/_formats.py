"""The formats of this version and their options, for help texts, forms and docs."""

from __future__ import annotations

from accel._core.formats import FormatInfo, OptionField, all_formats

__all__ = ["FormatInfo", "OptionField", "formats"]


def formats() -> tuple[FormatInfo, ...]:
    """Every format with its option table."""
    return tuple(all_formats())
