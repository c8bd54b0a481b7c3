"""gomplate's math functions: int64, unless a float is among the operands.

Source: gomplate's documentation of math.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from math import ceil, floor, fmod, isfinite, prod

from wildgit.core.go_numbers import parse_float, parse_int
from wildgit.core.template.functions.conv import to_float, to_int64_of
from wildgit.core.template.functions.table import Function, declare
from wildgit.core.template.values import Fault, Int64, Int64s, check_items, is_integer, to_int64

_DECIMAL = re.compile(r"[-+]?[0-9]+\.[0-9]+")
_EXACT_BITS = 52  # what a float keeps of an integer


def _has_float(operands: tuple[object, ...]) -> bool:
    for operand in operands:
        if isinstance(operand, str) and parse_int(operand) is None and parse_float(operand) is not None:
            if not _DECIMAL.fullmatch(operand):
                raise Fault(f'"{operand}" as a number is not supported here')
            return True
        if isinstance(operand, float):
            return True
    return False


def _finite(number: float) -> float:
    if not isfinite(number):
        raise Fault("infinity and NaN are not supported in arithmetic")
    return number


def _floats(operands: tuple[object, ...]) -> list[float]:
    return [_finite(to_float(operand)) for operand in operands]


def _integers(operands: tuple[object, ...]) -> list[Int64]:
    return [to_int64_of(operand) for operand in operands]


def _arithmetic(
    compute: Callable[[list[float]], float], integer: Callable[[list[int]], int]
) -> Callable[..., object]:
    def call(*operands: object) -> float | Int64:
        if _has_float(operands):
            return _finite(compute(_floats(operands)))
        return to_int64(integer(list(map(int, _integers(operands)))))

    return call


def _bounded_product(numbers: list[int]) -> int:
    product = 1
    for number in numbers:
        product = int(to_int64(product * number))
    return product


def _float_sum(numbers: list[float]) -> float:
    total = 0.0  # not sum(): newer Pythons compensate for rounding, Go doesn't
    for number in numbers:
        total += number
    return total


def divide(dividend: object, divisor: object) -> float:
    """Return the quotient, always a float."""
    numerator, denominator = _floats((dividend, divisor))
    if denominator == 0:
        raise Fault("division by 0")
    return _finite(numerator / denominator)


def remainder(dividend: object, divisor: object) -> Int64:
    """Return what is left of an integer division, with the sign of the dividend."""
    if _has_float((dividend, divisor)):
        raise Fault("math.Rem of floats is not supported")
    numerator, denominator = _integers((dividend, divisor))
    if denominator == 0:
        raise Fault("division by 0")
    rest = abs(numerator) % abs(denominator)
    return Int64(-rest if numerator < 0 else rest)


def power(base: object, exponent: object) -> Int64:
    """Return an integer to the power of another. Go's floats come out of its own algorithm: not supported."""
    if _has_float((base, exponent)):
        raise Fault("math.Pow of floats is not supported")
    number, times = map(int, _integers((base, exponent)))
    if times < 0:
        raise Fault("math.Pow with a negative exponent is not supported")
    if abs(number) > 1 and times * (number.bit_length() - 1) > _EXACT_BITS:
        raise Fault("integer powers past 2**53 are not supported")  # Go computes them as floats
    if abs(number) <= 1:
        times = min(times, 2 - times % 2)  # keeps 0 and 1 apart from more, and odd from even
    return to_int64(number**times)


def sequence(*bounds: object) -> Int64s:
    """Return the integers from START (1) to END, in steps of STEP (1) in the direction of END."""
    if not 1 <= len(bounds) <= 3:
        raise Fault(f"seq takes 1 to 3 arguments, not {len(bounds)}")
    numbers = list(map(int, _integers(bounds)))
    start, end = (1, numbers[0]) if len(numbers) == 1 else numbers[:2]
    step = abs(numbers[2]) if len(numbers) == 3 else 1
    if step == 0:
        return Int64s()
    check_items(abs(end - start) // step + 1)
    down = end < start
    return Int64s(map(Int64, range(start, end + (-1 if down else 1), -step if down else step)))


def absolute(value: object) -> float | Int64:
    """Return the number without its sign."""
    if _has_float((value,)):
        return abs(_floats((value,))[0])
    return to_int64(abs(int(to_int64_of(value))))


def _round_half_away(number: float) -> float:
    cut = float(floor(abs(number)))
    up = cut + 1 if abs(number) - cut >= 0.5 else cut
    return -up if number < 0 else up


def _rounded(rounding: Callable[[float], float]) -> Function:
    def call(value: object) -> float:
        number = _finite(to_float(value))
        result = number if fmod(number, 1) == 0 else float(rounding(number))
        return -0.0 if result == 0 and number < 0 else result

    return declare(call, "any")


def is_int(value: object) -> bool:
    """Tell whether `value` is an integer or spells one."""
    return parse_int(value) is not None if isinstance(value, str) else is_integer(value)


def is_float(value: object) -> bool:
    """Tell whether `value` is a float or spells one that is no integer."""
    return _has_float((value,))


FUNCTIONS: dict[str, Function] = {
    "math.Add": declare(_arithmetic(_float_sum, sum), "any..."),
    "math.Sub": declare(_arithmetic(lambda n: n[0] - n[1], lambda n: n[0] - n[1]), "any any"),
    "math.Mul": declare(_arithmetic(prod, _bounded_product), "any..."),
    "math.Div": declare(divide, "any any"),
    "math.Rem": declare(remainder, "any any"),
    "math.Pow": declare(power, "any any"),
    "math.Max": declare(_arithmetic(max, max), "any any..."),
    "math.Min": declare(_arithmetic(min, min), "any any..."),
    "math.Ceil": _rounded(ceil),
    "math.Floor": _rounded(floor),
    "math.Round": _rounded(_round_half_away),
    "math.Abs": declare(absolute, "any"),
    "math.Seq": declare(sequence, "any..."),
    "math.IsInt": declare(is_int, "any"),
    "math.IsFloat": declare(is_float, "any"),
    "math.IsNum": declare(lambda value: is_int(value) or is_float(value), "any"),
}
GLOBAL = {name: f"math.{name.title()}" for name in ("add", "sub", "mul", "div", "rem", "pow", "seq")}
