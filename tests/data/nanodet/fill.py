"""Deterministic weights and inputs for the NanoDet parity fixtures.

Only numpy is needed.  Every array is a function of the ORIGINAL parameter
name and of its shape (nothing else: not the network, not the order of calls),
so a converted model is filled by generating the original state dict first and
converting it afterwards.  See README.md for the rule in words.
"""

import re
import zlib

import numpy as np

# Squared gain of conv / linear weights: std = sqrt(gain / fan_in).
# The first matching pattern (re.search on the full original name) wins.
GAINS = (
    (r'\.gfl_(cls|reg)\.', 1.0),  # last layer of every head
    (r'\.rbr_(dense|1x1)\.', 0.08),  # RepVGG branches
    (r'^backbone\.stages\.', 1.3),  # CSP backbone of NanoDet-g
    (r'\._project_conv\.', 1.3),  # EfficientNet-Lite
    (r'\.(ghost2|shortcut)\.', 0.5),  # GhostPAN, parts without activation
    (r'fpn\.lateral_convs\.', 0.5),  # PAN and TAN
)
GAIN_DEPTHWISE = 0.9  # 4-D weight with shape[1] == 1
GAIN_DEFAULT = 1.8
CLS_BIAS = -2.3  # mean of the bias of *.gfl_cls
BIN_SLOPE = -0.3  # per bin, box rows of the last bias
NUM_CLASSES = 80


def gain(name, shape):
    for pattern, value in GAINS:
        if re.search(pattern, name):
            return value
    if len(shape) == 4 and shape[1] == 1:
        return GAIN_DEPTHWISE
    return GAIN_DEFAULT


def bin_bias(rows):
    """Linear slope over the bins of each side (short boxes are likelier)."""
    return BIN_SLOPE * (np.arange(rows) % (rows // 4))


def fill(name, shape):
    """Return the array (float32, or int64 for counters) of one entry."""
    shape = tuple(int(s) for s in shape)
    leaf = name.rsplit('.', 1)[-1]
    if leaf == 'num_batches_tracked':
        return np.zeros(shape, np.int64)
    if leaf == 'project':
        return np.arange(shape[0], dtype=np.float32)

    rng = np.random.default_rng(zlib.crc32(name.encode('ascii')))
    if leaf == 'running_var':
        out = 0.5 + rng.random(shape)
    else:
        z = rng.standard_normal(shape)  # float64, C order
        if leaf == 'running_mean':
            out = 0.1 * z
        elif leaf == 'scale' or (leaf == 'weight' and len(shape) == 1):
            out = 1.0 + 0.1 * z
        elif leaf in ('weight', 'in_proj_weight'):
            fan_in = int(np.prod(shape[1:]))
            out = z * np.sqrt(gain(name, shape) / fan_in)
            if '.gfl_cls.' in name:  # fused heads: box rows are larger
                out[NUM_CLASSES:] *= 2.0
            elif '.gfl_reg.' in name:
                out *= 2.0
        elif leaf in ('bias', 'in_proj_bias'):
            out = 0.05 * z
            if '.gfl_cls.' in name:  # class rows and box rows alike
                out = out + CLS_BIAS
                out[NUM_CLASSES:] += bin_bias(shape[0] - NUM_CLASSES)
            elif '.gfl_reg.' in name:
                out = out + bin_bias(shape[0])
        else:  # pos_embed
            assert leaf == 'pos_embed', name
            out = 0.1 * z
    return np.asarray(out, dtype=np.float64).astype(np.float32)


def fill_state(shapes):
    """shapes: {original name: shape} -> {original name: array}."""
    return {name: fill(name, shape) for name, shape in shapes.items()}


def make_image(seed, height=96, width=128, batch=1):
    """The network input itself (no normalisation is applied to it)."""
    rng = np.random.default_rng(seed)
    return rng.standard_normal((batch, 3, height, width)).astype(np.float32)
