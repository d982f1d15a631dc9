"""Weights of JointTrackNet and its relatives from the authors' files, under our names.

Known are JointTrackNet (MIT, github.com/simsekfe/JointTrackNet), its parent CenterTrack (MIT),
FairMOT (MIT), all with DLA and deformable convolutions, and DLA's own ImageNet files (BSD-3-Clause,
github.com/ucbdrive/dla). None of these files holds what only the identity loss has.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from mmtrack_ext.engine.checkpoints import load_checkpoint
from mmtrack_ext.engine.model_weights import NAMES_SHOWN, weights_of
from mmtrack_ext.model_zoo.converted import (
    COUNTER,
    Converted,
    compare_weights,
    plain_copy,
    shapes_of,
)
from mmtrack_ext.models.backbones.dla_net import ARCHS, DLANet
from mmtrack_ext.models.necks.dla_up_neck import DLAUpNeck
from mmtrack_ext.models.tracking_heads.joint_track_head import CHANNELS, JointTrackHead

PARTS = {
    'base': 'backbone',
    'dla_up': 'neck.dla_up',
    'ida_up': 'neck.ida_up',
    'id': 'bbox_head.embedding',  # FairMOT
    **{head: f'bbox_head.{head}' for head in CHANNELS},
}
# What relatives do not have. Everything else must be in the file.
OPTIONAL = (
    'backbone.pre_img_layer.', 'backbone.pre_hm_layer.',
    'bbox_head.embedding.', 'bbox_head.ltrb_amodal.', 'bbox_head.tracking.',
)  # fmt: skip
LAST_HM = ('bbox_head.hm.2.weight', 'bbox_head.hm.2.bias')


@dataclass(frozen=True)
class ConvertedTrackNet(Converted):
    """Weights under our names, and what became of every name."""

    loaded: tuple[str, ...]  # the file's
    missing: tuple[str, ...]  # ours
    dropped: Mapping[str, str]  # the file's, and why

    def report(self) -> list[str]:
        """Lines for a person: how many arrays of each part were loaded, lack, and were dropped."""
        lines = [f'Loaded {len(self.loaded)} arrays: {_by_part(self.loaded)}']
        lines.append(f'Missing {len(self.missing)} arrays: {_by_part(self.missing)}')
        lines.append(f'Dropped {len(self.dropped)} arrays')
        for reason in dict.fromkeys(self.dropped.values()):
            names = [name for name, why in self.dropped.items() if why == reason]
            lines.append(f'  {_by_part(names)}: {reason}')
        return lines


def rename_joint_track_key(name: str) -> str | None:
    """Our name of a parameter or buffer of the original, without ``module.``; None if unknown.

    >>> rename_joint_track_key('dla_up.ida_0.node_1.conv.conv_offset_mask.bias')
    'neck.dla_up.ida_0.node_1.conv.conv_offset.bias'
    >>> rename_joint_track_key('id.2.weight')
    'bbox_head.embedding.2.weight'
    >>> rename_joint_track_key('hps.0.bias')
    """
    part, _, rest = name.partition('.')
    if part not in PARTS:
        return None
    return f'{PARTS[part]}.{rest.replace(".conv_offset_mask.", ".conv_offset.")}'


def convert_joint_track_net(
    path: Path | str, *, num_classes: int = 1, reuse_person: bool = False, trust: bool = False
) -> ConvertedTrackNet:
    """Read a file of the authors.

    Args:
        path: of JointTrackNet, CenterTrack, FairMOT or DLA; which, its names tell. The widths of
            the embedding and inside the heads are the file's.
        num_classes: of the network that gets the weights.
        reuse_person: where the file has more classes, take its first ones (COCO's first is the
            person) instead of starting the last layer of ``hm`` anew.
        trust: see ``load_checkpoint``.

    Returns:
        The weights; of a file of DLA the backbone alone.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no such network, or weights are missing that all of them have.
    """
    weights = weights_of(load_checkpoint(path, trust=trust), path)
    weights = OrderedDict((k.removeprefix('module.'), v) for k, v in weights.items())
    alone = 'base_layer.0.weight' in weights
    if not alone and 'base.base_layer.0.weight' not in weights:
        raise ValueError(f'{path}: {_not_known(weights)}')
    part = 'base.' if alone else ''
    renamed = {name: rename_joint_track_key(part + name) for name in weights}
    found = {new: weights[old] for old, new in renamed.items() if new is not None}
    depth, expected = _nearest(found, num_classes=num_classes, alone=alone)
    try:
        problems = _without_strangers(found, expected)
        problems |= _fit_heads(found, expected, reuse=reuse_person)
        missing = _check(found, expected, depth, fairmot='id.0.weight' in weights)
    except ValueError as error:
        raise ValueError(f'{path}: {error}') from None
    _add_counters(found, expected)
    return ConvertedTrackNet(
        network=f'DLA-{depth}' if alone else f'JointTrackNet with DLA-{depth}',
        num_classes=0 if alone else num_classes,
        weights='as stored',
        source=Path(path).name,
        state_dict={name: plain_copy(found[name]) for name in expected if name in found},
        loaded=tuple(old for old, new in renamed.items() if new in found),
        missing=tuple(missing),
        dropped={
            old: problems.get(new, 'no such part here') for old, new in renamed.items()
            if new not in found
        },
    )  # fmt: skip


def _not_known(weights: Mapping[str, Tensor]) -> str:
    if any(name.startswith(('backbone.', 'bbox_head.')) for name in weights):
        return 'these are names of mmtrack_ext already; there is nothing to convert'
    shown = ', '.join(list(weights)[:NAMES_SHOWN])
    return (
        'this is no JointTrackNet, CenterTrack or FairMOT with DLA, nor DLA itself: it has no '
        f'base.base_layer.0.weight, but {shown}, ...'
    )


def _nearest(
    found: Mapping[str, Tensor], *, num_classes: int, alone: bool
) -> tuple[str, dict[str, tuple[int, ...]]]:
    """The depth whose backbone differs least, and the shapes of our network of that depth."""
    with torch.device('meta'):  # shapes alone
        networks = {depth: nn.ModuleDict({'backbone': DLANet(depth)}) for depth in ARCHS}
        depth = min(networks, key=lambda one: _misfits(found, shapes_of(networks[one])))
        network = networks[depth]
        if not alone:
            network['neck'] = DLAUpNeck(network['backbone'].out_channels)
            network['bbox_head'] = JointTrackHead(
                network['neck'].out_channels, num_classes=num_classes,
                embedding_channels=_outputs(found, 'bbox_head.embedding.2.weight', 128),
                head_channels=_outputs(found, 'bbox_head.hm.0.weight', 256),
            )  # fmt: skip
    return depth, shapes_of(network)


def _misfits(found: Mapping[str, Tensor], shapes: Mapping[str, tuple[int, ...]]) -> int:
    """How many of a network's arrays that every relative has are not in the file like this."""
    return sum(
        name not in found or tuple(found[name].shape) != shape
        for name, shape in shapes.items()
        if not name.startswith(OPTIONAL)
    )


def _outputs(found: Mapping[str, Tensor], name: str, default: int) -> int:
    return len(found[name]) if name in found else default


def _without_strangers(
    found: dict[str, Tensor], expected: Mapping[str, tuple[int, ...]]
) -> dict[str | None, str]:
    """Take out what our network does not have; why, by name."""
    reasons: dict[str | None, str] = {}
    for name in [name for name in found if name not in expected]:
        del found[name]
        if name.startswith('backbone.fc.'):
            reasons[name] = "ImageNet's classifier"
        elif '.project.' in name:
            reasons[name] = 'outer projections, which nothing depends on'
    return reasons


def _fit_heads(
    found: dict[str, Tensor], expected: Mapping[str, tuple[int, ...]], *, reuse: bool
) -> dict[str | None, str]:
    """Take out, or cut, heads of relatives that differ from ours; why, by name."""
    reasons: dict[str | None, str] = {}
    if _outputs(found, 'bbox_head.wh.2.weight', 2) == 4:
        reason = "FairMOT's distances of the four edges, no width and height"
        reasons |= {name: reason for name in found if name.startswith('bbox_head.wh.')}
    classes = _outputs(found, LAST_HM[0], 0)
    wanted = expected.get(LAST_HM[0], (0,))[0]
    if reuse and classes > wanted:
        found |= {name: found[name][:wanted] for name in LAST_HM}
    elif classes != wanted:
        advice = '; --reuse-person takes the first' if classes > wanted else ''
        reason = f'{classes} classes instead of {wanted}{advice}'
        reasons |= {name: reason for name in LAST_HM if name in found}
    for name in reasons:
        del found[name]
    return reasons


def _check(
    found: Mapping[str, Tensor], expected: Mapping[str, tuple[int, ...]], depth: str,
    *, fairmot: bool,
) -> list[str]:  # fmt: skip
    """Names that the file lacks, and may lack.

    Raises:
        ValueError: others are missing, or have another shape or values that are not finite.
    """
    optional = (*OPTIONAL, *LAST_HM, *(['bbox_head.wh.'] if fairmot else []))
    missing = compare_weights(found, expected).missing
    bad = [f'{name} (missing)' for name in missing if not name.startswith(optional)]
    for name, value in found.items():
        if tuple(value.shape) != expected[name]:
            bad.append(f'{name} ({tuple(value.shape)} instead of {expected[name]})')
        elif not torch.isfinite(value).all():
            bad.append(f'{name} (not finite)')
    if bad:
        more = f', and {len(bad) - NAMES_SHOWN} more' if len(bad) > NAMES_SHOWN else ''
        raise ValueError(
            f'the weights do not fit the nearest network, with DLA-{depth}, in our names: '
            f'{", ".join(bad[:NAMES_SHOWN])}{more}'
        )
    return missing


def _add_counters(found: dict[str, Tensor], expected: Iterable[str]) -> None:
    """Those of the norms that the file has otherwise."""
    for name in expected:
        if name.endswith(COUNTER) and name.replace(COUNTER, 'running_mean') in found:
            found.setdefault(name, torch.zeros((), dtype=torch.int64))


def _by_part(names: Iterable[str]) -> str:
    """``base.level2 (26), hm (4)``: by the first two words, or the first before a number."""
    parts = Counter('.'.join(w for w in name.split('.')[:2] if not w.isdigit()) for name in names)
    return ', '.join(f'{part} ({count})' for part, count in parts.items()) or 'none'
