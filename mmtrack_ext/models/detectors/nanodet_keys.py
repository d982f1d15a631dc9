"""Names of NanoDet's parameters: the original's and ours."""

from __future__ import annotations

PARTS = {'fpn': 'neck', 'head': 'bbox_head', 'aux_fpn': 'aux_neck', 'aux_head': 'aux_bbox_head'}
LAYERS = {  # mmcv's DepthwiseSeparableConvModule
    'depthwise': 'depthwise_conv.conv',
    'dwnorm': 'depthwise_conv.bn',
    'pointwise': 'pointwise_conv.conv',
    'pwnorm': 'pointwise_conv.bn',
    'distribution_project': 'integral',
}


def rename_nanodet_key(name: str) -> str | None:
    """Our name of a parameter or buffer of the original NanoDet, without ``model.`` prefixes.

    Returns:
        None for what our networks do not have: ``head.gfl_reg``, which the original keeps beside a
        shared last layer and never uses.

    Examples:
        >>> rename_nanodet_key('aux_fpn.downsamples.0.dwnorm.running_var')
        'aux_neck.downsamples.0.depthwise_conv.bn.running_var'
        >>> rename_nanodet_key('head.gfl_cls.2.bias')
        'bbox_head.gfl_cls.2.bias'
        >>> rename_nanodet_key('head.gfl_reg.0.weight')
    """
    part, *rest = name.split('.')
    if part == 'head' and rest[0] == 'gfl_reg':
        return None
    if part in PARTS:
        rest = [LAYERS.get(word, word) for word in rest]
    return '.'.join([PARTS.get(part, part), *rest])
