"""The mean of exact numbers to the digits that PostgreSQL gives.

``select_div_scale`` of its numeric.c: at least 16 significant digits, counted in groups of four.
"""

from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Final

_SIGNIFICANT: Final = 16
_GROUP: Final = 4
_EXACT: Final = Context(prec=2000, rounding=ROUND_HALF_UP)


def mean(total: Decimal | int, count: int) -> Decimal:
    """``total / count`` as ``numeric`` has it."""
    top = Decimal(total)
    quotient_weight = _weight(top) - _weight(Decimal(count))
    if _first_group(top) <= _first_group(Decimal(count)):
        quotient_weight -= 1
    places = max(-int(top.as_tuple().exponent), 0)
    scale = max(_SIGNIFICANT - quotient_weight * _GROUP, places)
    quotient = _EXACT.divide(top, Decimal(count))
    return quotient.quantize(Decimal(1).scaleb(-scale), context=_EXACT)


def _weight(number: Decimal) -> int:
    """The place of the first group of four digits: 0 for 1 to 9999, -1 for 0.0001 to 0.9999."""
    return number.adjusted() // _GROUP if number else 0


def _first_group(number: Decimal) -> int:
    """The first group of four digits as a number."""
    return int(abs(number).scaleb(-_GROUP * _weight(number), context=_EXACT)) if number else 0
