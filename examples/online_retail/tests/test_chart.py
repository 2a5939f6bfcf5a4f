"""The picture is well-formed, and its lines are where the stock was."""

from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import pytest

from chart import COLOURS, Series, draw, framed, round_step

SVG = "{http://www.w3.org/2000/svg}"


def at(day: int, hour: int) -> datetime:
    return datetime(2021, 3, day, hour, tzinfo=UTC)


TRAYS = Series(name="10024 TIN <TRAY> & MORE", points=[(at(1, 0), 12), (at(1, 12), 4), (at(2, 12), 0)])
BELLS = Series(name="10011A BELL", points=[(at(1, 6), 7)])


@pytest.fixture
def picture() -> ET.Element:
    return ET.fromstring(draw([TRAYS, BELLS], title="Stock", note="From the ledger"))


def test_each_item_has_a_line_of_its_colour(picture):
    lines = picture.findall(f"{SVG}path")

    assert [line.get("stroke") for line in lines] == list(COLOURS[:2])


def test_a_line_is_level_until_something_moves(picture):
    frame = framed([TRAYS, BELLS])

    path = picture.findall(f"{SVG}path")[0].get("d")

    assert path.startswith(f"M{frame.x(at(1, 0)):.1f} {frame.y(12):.1f}H{frame.x(at(1, 12)):.1f}V{frame.y(4):.1f}")
    assert path.endswith(f"V{frame.y(0):.1f}")


def test_legend_and_axes_say_what_is_shown(picture):
    words = [element.text for element in picture.iter(f"{SVG}text")]

    assert {"Stock", TRAYS.name, "3 movements, 12 → 0", "units on hand", "time (UTC), 2021", "Mon 1 Mar"} <= {*words}


def test_a_name_too_long_for_the_picture_is_cut():
    picture = draw([Series(name="X" * 100, points=BELLS.points)], title="", note="")

    assert "X" * 41 + "…" in picture
    assert "X" * 42 not in picture


@pytest.mark.parametrize(("highest", "step"), [(0, 1), (8, 1), (9, 2), (70, 10), (1450, 200), (4000, 500)])
def test_the_axis_has_round_numbers(highest, step):
    assert round_step(highest) == step
