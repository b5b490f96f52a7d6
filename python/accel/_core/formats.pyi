"""
The formats of this version and their options.
"""
from __future__ import annotations
import collections.abc
__all__: list[str] = ['FormatInfo', 'OptionField', 'all_formats']
class OptionField:
    """
    One option of a format.
    """
    @property
    def changes_output(self) -> bool:
        """
        True when output bytes depend on it.
        """
    @property
    def default(self) -> str:
        ...
    @property
    def help(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def range(self) -> str:
        """
        What values it takes; empty when free.
        """
    @property
    def type(self) -> str:
        """
        `boolean`, `integer`, `text`, `choice` or `list` (newline-separated).
        """
class FormatInfo:
    """
    One format.
    """
    def check_options(self, values: collections.abc.Mapping[str, str]) -> None:
        """
        Raises ConfigError naming the first option that is unknown or has a bad value.
        """
    @property
    def description(self) -> str:
        ...
    @property
    def name(self) -> str:
        """
        The driver name of command line and configuration.
        """
    @property
    def options(self) -> list[OptionField]:
        ...
def all_formats() -> list[FormatInfo]:
    """
    Every format, in fixed order.
    """
