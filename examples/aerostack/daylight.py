"""Where daylight.csv comes from: hours from sunrise to sunset on the 21st of each month of 2025.

The rule is a short one for a sphere: on day `n` of the year the sun stands `d = -23.44° · cos(360°
· (n + 10) / 365)` from the equator, and at latitude `l` it is up for `24 h · x / 180°`, where
`cos x = -tan l · tan d`. Refraction, the size of the sun and hills are left out, so real days are
some minutes longer.

    python examples/aerostack/daylight.py > examples/aerostack/daylight.csv
"""

from __future__ import annotations

import csv
import math
import sys
from collections.abc import Iterator
from datetime import date

LATITUDES = {
    "Tromsø": 69.65,
    "Edinburgh": 55.95,
    "Rome": 41.90,
    "Cairo": 30.04,
    "Nairobi": -1.29,
    "Lima": -12.05,
    "Sydney": -33.87,
    "Ushuaia": -54.80,
}
COLUMNS = ("city", "latitude", "day", "hours")


def hours_of_daylight(latitude: float, day: date) -> float:
    """Return the hours between sunrise and sunset, to two digits."""
    number = day.timetuple().tm_yday
    sun = math.radians(-23.44) * math.cos(2 * math.pi * (number + 10) / 365)
    cosine = -math.tan(math.radians(latitude)) * math.tan(sun)
    return round(24 * math.acos(max(-1.0, min(1.0, cosine))) / math.pi, 2)


def rows() -> Iterator[tuple[str, float, str, float]]:
    """Yield every row of the file."""
    for city, latitude in LATITUDES.items():
        for month in range(1, 13):
            day = date(2025, month, 21)
            yield city, latitude, day.isoformat(), hours_of_daylight(latitude, day)


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8", newline="")  # type: ignore[union-attr]
    written = csv.writer(sys.stdout, lineterminator="\n")
    written.writerow(COLUMNS)
    written.writerows(rows())
