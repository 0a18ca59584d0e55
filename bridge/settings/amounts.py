"""Whole numbers of bridge.toml that have a unit."""

from bridge.settings.fields import PositiveInt


class Minutes(PositiveInt):
    expected = "minutes from 1 to 1440, without quotes"
    highest = 1440


class Buffer(PositiveInt):
    expected = "minutes from 0 on, without quotes"
    lowest = 0


class Count(PositiveInt):
    expected = "a whole number from 0 on, without quotes"
    lowest = 0


class Percent(PositiveInt):
    expected = "a percentage from 1 to 100, without quotes"
    highest = 100
