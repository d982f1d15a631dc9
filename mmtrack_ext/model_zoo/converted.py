"""What every conversion gives, and how weights are compared and copied on the way there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from mmtrack_ext.engine.model_weights import NAMES_SHOWN
from mmtrack_ext.fileio import atomic_write

COUNTER = 'num_batches_tracked'  # of batch norms; files before PyTorch 0.4.1 lack them


@dataclass(frozen=True)
class Converted:
    """A network's weights under our names, and where they are from."""

    network: str
    num_classes: int
    weights: str  # which: 'the moving average of two copies', 'as stored', ...
    source: str
    state_dict: dict[str, Tensor]

    def checkpoint(self) -> dict[str, Any]:
        """What our loaders read."""
        meta = dict(
            network=self.network,
            source=self.source,
            classes=self.num_classes,
            weights=self.weights,
        )
        return {'meta': meta, 'state_dict': self.state_dict}

    def save(self, path: Path | str) -> None:
        """Write the checkpoint, as a whole or not at all."""
        with atomic_write(path, 'wb') as file:
            torch.save(self.checkpoint(), file)


@dataclass(frozen=True)
class Difference:
    """How weights differ from a network's, by name."""

    missing: list[str]
    foreign: list[str]
    misshaped: list[str]

    def __len__(self) -> int:
        return len(self.missing) + len(self.foreign) + len(self.misshaped)

    def __str__(self) -> str:
        parts = []
        for label in ('missing', 'foreign', 'misshaped'):
            names = getattr(self, label)
            more = ', ...' if len(names) > NAMES_SHOWN else ''
            if names:
                parts.append(f'{len(names)} {label}: {", ".join(names[:NAMES_SHOWN])}{more}')
        return '; '.join(parts)


def compare_weights(
    weights: Mapping[str, Tensor],
    expected: Mapping[str, tuple[int, ...]],
    *,
    may_lack: str | tuple[str, ...] = COUNTER,
    shown: Callable[[str], str] = str,
) -> Difference:
    """How weights, by our names, differ from a network's.

    Args:
        weights: of a file.
        expected: the shapes that the network has, see ``shapes_of``.
        may_lack: ends of names that are not missed.
        shown: the name for a message by our name.
    """
    return Difference(
        [shown(k) for k in expected if k not in weights and not k.endswith(may_lack)],
        [shown(k) for k in weights if k not in expected],
        [
            f'{shown(k)} {tuple(v.shape)}'
            for k, v in weights.items()
            if k in expected and tuple(v.shape) != expected[k]
        ],
    )


def shapes_of(network: nn.Module) -> dict[str, tuple[int, ...]]:
    """Shape of each entry of the state dict, in its order; a network on 'meta' will do."""
    return {name: tuple(value.shape) for name, value in network.state_dict().items()}


def plain_copy(value: Tensor) -> Tensor:
    """An entry of a state dict as we save it: numbers in float32, and nothing else beside.

    A copy, because a view would be saved with all that it is a view of.
    """
    return (value.float() if value.is_floating_point() else value).detach().clone()
