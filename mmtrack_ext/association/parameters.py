"""Checks of constructor arguments, with messages that teach."""

from __future__ import annotations

import math
from numbers import Real


def check_number(
    owner: object,
    name: str,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    above: float | None = None,
    whole: bool = False,
    optional: bool = False,
) -> None:
    """Check that ``owner.name`` is a number in its range (or None where ``optional``).

    Raises:
        ValueError: it is not; names parameter, owner, range and value.
    """
    value = getattr(owner, name)
    if value is None and optional:
        return
    fine = isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
    if fine and whole:
        fine = float(value).is_integer()
    if not fine or not (
        (minimum is None or value >= minimum)
        and (maximum is None or value <= maximum)
        and (above is None or value > above)
    ):
        limits = [
            f'{sign} {limit:g}'
            for sign, limit in (('>=', minimum), ('<=', maximum), ('>', above))
            if limit is not None
        ]
        kind = ' '.join(['an int' if whole else 'a number', ' and '.join(limits)]).strip()
        _refuse(owner, name, kind + (' or None' if optional else ''))


def check_type(owner: object, name: str, kind: type) -> None:
    """Check that ``owner.name`` is an instance of ``kind``.

    Raises:
        ValueError: it is not; names parameter, owner, type and value.
    """
    if not isinstance(getattr(owner, name), kind):
        _refuse(owner, name, f'a {kind.__name__}')


def check_choice(owner: object, name: str, *choices: str) -> None:
    """Check that ``owner.name`` is one of the choices.

    Raises:
        ValueError: it is not; names parameter, owner, choices and value.
    """
    if getattr(owner, name) not in choices:
        _refuse(owner, name, f'one of {", ".join(map(repr, choices))}')


def check_size(owner: object, name: str) -> None:
    """Check that ``owner.name`` is (width, height) in pixels, or None.

    Raises:
        ValueError: it is not; names parameter, owner and value.
    """
    size = getattr(owner, name)
    if size is not None and not (
        isinstance(size, tuple | list)
        and len(size) == 2
        and all(isinstance(side, int | float) and side > 0 for side in size)
    ):
        _refuse(owner, name, '(width, height) in pixels, or None')


def _refuse(owner: object, name: str, constraint: str) -> None:
    raise ValueError(
        f"The '{name}' parameter of {type(owner).__name__} must be {constraint}. "
        f'Got {getattr(owner, name)!r} instead.'
    )
