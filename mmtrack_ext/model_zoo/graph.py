"""A network as its convolutions and the data flow between them, whatever file holds it.

Exported files have lost the names of layers, and each exporter orders and splits them in its own
way. What remains is where a convolution stands: what it is, and what the data has passed on its
way there from the input. Two graphs are the same network if the same places are taken.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

CONSTANT = 'constant'  # the place of a value that does not depend on the image


@dataclass(frozen=True)
class Convolution:
    """One convolution: ``name`` in its file, ``shape`` (O, I / groups, kh, kw), and its place.

    ``weight`` and ``bias`` (O,) are float32; None where only the place is known, and for ``bias``
    where there is none.
    """

    name: str
    shape: tuple[int, ...]
    place: str
    weight: np.ndarray | None = None
    bias: np.ndarray | None = None


class GraphBuilder:
    """Collects convolutions while a file is read, or a model runs, in the order of the data.

    Values are named by the caller. Reshapes and copies are passed over with ``same``: exporters
    write them in many ways, and they do not tell convolutions apart.
    """

    def __init__(self) -> None:
        self._places: dict[Hashable, str] = {}
        self._convolutions: list[Convolution] = []
        self._made_by: dict[Hashable, int] = {}
        self._activations: dict[int, str] = {}

    @property
    def convolutions(self) -> list[Convolution]:
        """All of them, in the order they were added.

        The activation that follows belongs to a place: in NanoDet-m-0.5x a lateral convolution of
        the neck and one of the backbone's last stage have the same shape and input.
        """
        return [
            replace(x, place=_digest(x.place, self._activations.get(i)))
            for i, x in enumerate(self._convolutions)
        ]

    def same(self, output: Hashable, value: Hashable) -> None:
        """``output`` is ``value``, up to its shape."""
        self._places[output] = self._place(value)
        if value in self._made_by:
            self._made_by[output] = self._made_by[value]

    def apply(self, output: Hashable, kind: str, values: Iterable[Hashable], *details: Any) -> None:
        """``output`` is made by ``kind`` with ``details`` from ``values``, whose order counts.

        The order of an ``'add'`` does not.
        """
        places = [self._place(value) for value in values]
        self._places[output] = _digest(kind, sorted(places) if kind == 'add' else places, details)

    def part(self, output: Hashable, value: Hashable, *, first: bool) -> None:
        """Some of the channels of ``value``, from the first on or later ones.

        Where they are cut is seen in the shapes of the convolutions behind; exporters may compute
        it from the image.
        """
        self.apply(output, 'part', [value], first)

    def act(self, output: Hashable, value: Hashable, kind: str, *limits: float) -> None:
        """An activation; a leaky one of slope 0 is a plain one."""
        if kind == 'leaky' and limits == (0,):
            kind, limits = 'relu', ()
        if value in self._made_by:
            self._activations[self._made_by[value]] = kind
        self.apply(output, kind, [value], *(round(float(x), 4) for x in limits))

    def convolve(
        self,
        output: Hashable,
        value: Hashable,
        *,
        name: str,
        shape: Sequence[int],
        stride: Sequence[int],
        padding: Sequence[int],
        dilation: Sequence[int],
        groups: int,
        weight: np.ndarray | None = None,
        bias: np.ndarray | None = None,
    ) -> None:
        """A convolution; (vertical, horizontal) each, ``padding`` (top, left, bottom, right)."""
        settings = (tuple(map(int, x)) for x in (shape, stride, padding, dilation))
        self.apply(output, 'convolution', [value], *settings, int(groups))
        self._made_by[output] = len(self._convolutions)
        shape, place = tuple(map(int, shape)), self._places[output]
        self._convolutions.append(Convolution(name, shape, place, weight, bias))

    def _place(self, value: Hashable) -> str:
        return self._places.get(value, CONSTANT)


def _digest(*parts: Any) -> str:
    return hashlib.blake2b(repr(parts).encode(), digest_size=16).hexdigest()


def match_places(
    ours: Sequence[Convolution], theirs: Sequence[Convolution]
) -> dict[str, Convolution]:
    """For each of our convolutions, by name, the one in a file that stands at the same place.

    Raises:
        ValueError: the networks differ, or convolutions cannot be told apart; names the first.
    """
    by_place = {convolution.place: convolution for convolution in theirs}
    if len(by_place) < len(theirs) or len({x.place for x in ours}) < len(ours):
        raise ValueError('two of its convolutions do the same to the same data')
    for convolution in ours:
        if convolution.place not in by_place:
            raise ValueError(
                f'it has no convolution {convolution.shape} where the network has '
                f'{convolution.name}: other layers, or in another order'
            )
    if len(theirs) > len(ours):
        known = {convolution.place for convolution in ours}
        extra = next(x for x in theirs if x.place not in known)
        raise ValueError(f'its convolution {extra.name} {extra.shape} is not in the network')
    return {convolution.name: by_place[convolution.place] for convolution in ours}
