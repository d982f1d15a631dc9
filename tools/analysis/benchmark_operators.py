"""Seconds and outputs of mmcv's operators, whoever serves them, and a comparison of two runs.

Run it with ``--json compiled.json`` where mmcv is compiled, and with ``--compare compiled.json``
where ``mmtrack_ext.ops`` serves. Inputs are seeded; a time is the median of forward and backward
together (of NMS: of the call).
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
warnings.filterwarnings('ignore', module='(mmengine|mmcv|mmdet|torch|pkg_resources)')

from mmtrack_ext.ops import install_operators

install_operators()

import numpy as np
import torch
from mmcv import _ext, ops
from torch import Tensor

from mmtrack_ext.fileio import atomic_write
from mmtrack_ext.utils.command_line import progress, run_tool
from mmtrack_ext.utils.markdown import table_lines

Case = Callable[[], list[Tensor]]
HEIGHT, WIDTH = 192, 320  # images of the smallest QDTrack here, which a CPU can train
LEVELS = (2000, 2000, 720, 180, 45)  # its proposals by level, at most 2000 each
CHANNELS = 256  # of the feature pyramid
NUM_ROIS = 512  # sampled proposals of an image (mmdet, faster-rcnn_r50_fpn.py)


def main() -> None:
    """Time every case, write what was asked for, and print the table."""
    arguments = parse_arguments()
    torch.set_num_threads(arguments.threads)
    reference = read_run(arguments.compare) if arguments.compare else None
    run: dict[str, Any] = {
        'operators': _ext.__name__,
        'torch': torch.__version__,
        'threads': arguments.threads,
        'device': arguments.device,
        'seconds': {},
    }
    outputs: dict[str, list[np.ndarray]] = {}
    cases = {name: case for name, case in CASES.items() if name in (arguments.cases or CASES)}
    for name, make in progress(cases.items(), 'Timing', total=len(cases)):
        measured = measure(partial(make, arguments.device), arguments.repeats)
        if measured is not None:
            run['seconds'][name], outputs[name] = measured
    if arguments.json:
        write_run(arguments.json, run, outputs)
    print('\n'.join(table(run, outputs, reference)))


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--repeats', type=int, default=7)
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument('--device', default='cpu')
    parser.add_argument('--cases', nargs='+', choices=CASES, help='these alone')
    parser.add_argument('--json', type=Path, help='write medians here, and outputs beside it, .npz')
    parser.add_argument('--compare', type=Path, help='a file that --json wrote elsewhere')
    return parser.parse_args()


def measure(make: Callable[[], Case], repeats: int) -> tuple[float, list[np.ndarray]] | None:
    """Median seconds and outputs of a case; None where its operator has no such device."""
    seconds = []
    torch.manual_seed(0)
    try:
        case = make()
        for repeat in range(repeats + 1):  # the first one warms up
            torch.manual_seed(1)  # mmdet draws its samples
            start = time.perf_counter()
            outputs = case()
            if outputs[0].is_cuda:
                torch.cuda.synchronize()
            if repeat:
                seconds.append(time.perf_counter() - start)
    except (RuntimeError, NotImplementedError) as error:
        print(f'left out: {str(error).splitlines()[0]}', file=sys.stderr)
        return None
    return statistics.median(seconds), [output.detach().cpu().numpy() for output in outputs]


def write_run(path: Path, run: dict[str, Any], outputs: dict[str, list[np.ndarray]]) -> None:
    """Medians as JSON, outputs as npz."""
    arrays = {
        f'{name}/{number}': array
        for name, values in outputs.items()
        for number, array in enumerate(values)
    }
    with atomic_write(path.with_suffix('.npz'), 'wb') as file:
        np.savez(file, **arrays)
    with atomic_write(path) as file:
        json.dump(run, file, indent=2)
    print(f'Wrote {path} and {path.with_suffix(".npz")}')


def read_run(path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """What ``write_run`` wrote."""
    with np.load(path.with_suffix('.npz')) as arrays:
        return json.loads(path.read_text(encoding='utf-8')), dict(arrays)


def table(
    run: dict[str, Any],
    outputs: dict[str, list[np.ndarray]],
    reference: tuple[dict[str, Any], dict[str, np.ndarray]] | None,
) -> Iterator[str]:
    """Milliseconds; with a reference, its own, their ratio and how far the outputs are apart."""
    yield f'{run["operators"]}, torch {run["torch"]}, {run["threads"]} threads, {run["device"]}'
    seconds = run['seconds']
    if reference is None:
        rows = [[name, f'{value * 1e3:.1f}'] for name, value in seconds.items()]
        yield from table_lines(['operator', 'ms'], rows)
        return
    other, arrays = reference
    yield f'compared with {other["operators"]}, torch {other["torch"]}, {other["threads"]} threads'
    rows = []
    for name, value in seconds.items():
        row = [name, f'{value * 1e3:.1f}']
        if name in other['seconds']:
            before = other['seconds'][name]
            expected = [arrays[f'{name}/{number}'] for number in range(len(outputs[name]))]
            row += [f'{before * 1e3:.1f}', f'{value / before:.2f}']
            row += [difference(outputs[name], expected)]
        rows.append(row + ['-'] * (5 - len(row)))
    titles = ['operator', 'ms', 'ms of the other', 'time ratio', 'largest difference']
    yield from table_lines(titles, rows)


def difference(outputs: list[np.ndarray], expected: list[np.ndarray]) -> str:
    """The largest over all outputs, each relative to its largest value; 0 is the same bits."""
    largest = 0.0
    for output, wanted in zip(outputs, expected, strict=True):
        if output.shape != wanted.shape:
            return f'shapes {output.shape}, {wanted.shape}'
        if not np.array_equal(output, wanted):
            apart = np.abs(output.astype(float) - wanted).max()
            largest = max(largest, apart / max(np.abs(wanted).max(), 1e-30))
    return f'{largest:.1e}' if largest else '0'


def random_boxes(n: int, smallest: float, largest: float) -> Tensor:
    """(n, 4) boxes inside the image, sides log-uniform."""
    ratio = torch.rand(n, 2)
    size = smallest * (largest / smallest) ** ratio
    size = size.minimum(torch.tensor([WIDTH, HEIGHT]))
    start = torch.rand(n, 2) * (torch.tensor([WIDTH, HEIGHT]) - size)
    return torch.cat([start, start + size], 1)


def nms_case(device: str, *, num_boxes: int) -> Case:
    """The indices kept of random boxes."""
    boxes, scores = random_boxes(num_boxes, 8, 200).to(device), torch.rand(num_boxes).to(device)
    return lambda: [ops.nms(boxes, scores, 0.7)[1]]


def batched_nms_case(device: str, *, groups: tuple[int, ...], iou_threshold: float) -> Case:
    """The same, each group for itself: levels of a pyramid, or classes."""
    n = sum(groups)
    boxes, scores = random_boxes(n, 8, 200).to(device), torch.rand(n).to(device)
    group = torch.arange(len(groups)).repeat_interleave(torch.tensor(groups)).to(device)
    options = dict(type='nms', iou_threshold=iou_threshold)
    return lambda: [ops.batched_nms(boxes, scores, group, options)[1]]


def soft_nms_case(device: str, *, num_boxes: int, method: str) -> Case:
    """Indices and lowered scores of random boxes."""
    boxes, scores = random_boxes(num_boxes, 8, 200).to(device), torch.rand(num_boxes).to(device)
    return lambda: list(ops.soft_nms(boxes, scores, 0.5, method=method))


def roi_case(device: str, *, layer: Callable[..., Any], num_rois: int, stride: int) -> Case:
    """Boxes of two images on one level, of the sizes that mmdet assigns to it."""
    smallest, largest = (8, 112) if stride == 4 else (14 * stride, 28 * stride)
    boxes = random_boxes(num_rois, smallest, largest)
    rois = torch.cat([torch.arange(num_rois)[:, None] % 2, boxes], 1).to(device)
    features = torch.randn(2, CHANNELS, HEIGHT // stride, WIDTH // stride, device=device)
    operator = layer(output_size=7, spatial_scale=1 / stride)
    return with_gradients(operator, [features], [rois])


def deform_conv_case(device: str, *, modulated: bool, groups: int = 1) -> Case:
    """A 3 x 3 layer of a ResNet's third stage on two images."""
    layer = ops.ModulatedDeformConv2d if modulated else ops.DeformConv2d
    operator = layer(CHANNELS, CHANNELS, 3, padding=1, groups=groups, deform_groups=groups)
    size = HEIGHT // 16, WIDTH // 16
    tensors = [torch.randn(2, CHANNELS, *size), torch.randn(2, 18 * groups, *size) * 2]
    if modulated:
        tensors.append(torch.rand(2, 9 * groups, *size))
    return with_gradients(operator.to(device), [t.to(device) for t in tensors], [])


def focal_loss_case(device: str) -> Case:
    """The classification of a one-stage detector with 80 classes."""
    num_anchors = HEIGHT * WIDTH // 64 * 2
    target = torch.randint(0, 81, (num_anchors,)).to(device)
    logits = torch.randn(num_anchors, 80, device=device)
    return with_gradients(ops.SigmoidFocalLoss(2.0, 0.25), [logits], [target])


def with_gradients(
    operator: Callable[..., Tensor], tensors: list[Tensor], constants: list[Tensor]
) -> Case:
    """Output and gradients of an operator by its tensors and parameters."""
    leaves = [tensor.requires_grad_() for tensor in tensors]
    leaves += list(operator.parameters()) if isinstance(operator, torch.nn.Module) else []
    weight = torch.randn_like(operator(*tensors, *constants))

    def case() -> list[Tensor]:
        output = operator(*tensors, *constants)
        return [output, *torch.autograd.grad(output, leaves, weight)]

    return case


def detector_case(device: str) -> Case:
    """Losses of Faster R-CNN (ResNet-18, FPN) on two images, and the size of each gradient."""
    from mmdet.registry import MODELS
    from mmdet.structures import DetDataSample
    from mmdet.utils import register_all_modules
    from mmengine.config import ConfigDict
    from mmengine.structures import InstanceData

    register_all_modules()
    model = MODELS.build(ConfigDict(faster_rcnn())).to(device).train()
    images = torch.randint(0, 255, (2, 3, HEIGHT, WIDTH)).float().to(device)
    samples = []
    for _ in images:
        meta = dict(
            img_shape=(HEIGHT, WIDTH), pad_shape=(HEIGHT, WIDTH), batch_input_shape=(HEIGHT, WIDTH)
        )
        truth = InstanceData(bboxes=random_boxes(8, 20, 120), labels=torch.zeros(8).long())
        samples.append(DetDataSample(metainfo=meta, gt_instances=truth.to(device)))

    def case() -> list[Tensor]:
        model.zero_grad()
        losses, _ = model.parse_losses(model.loss((images - 128) / 58, samples))
        losses.backward()
        gradients = [p.grad.norm() for p in model.parameters() if p.grad is not None]
        return [losses[None], torch.stack(gradients)]

    return case


def faster_rcnn() -> dict[str, Any]:
    """The model of mmdet's faster-rcnn_r50_fpn.py, with ResNet-18 and one class."""

    def coder(*stds: float) -> dict[str, Any]:
        return dict(type='DeltaXYWHBBoxCoder', target_stds=stds)

    def assigner(positive: float, negative: float, low_quality: bool) -> dict[str, Any]:
        return dict(
            type='MaxIoUAssigner',
            pos_iou_thr=positive,
            neg_iou_thr=negative,
            min_pos_iou=0.3 if low_quality else 0.5,
            match_low_quality=low_quality,
            ignore_iof_thr=-1,
        )

    def sampler(num: int, positive: float, truth: bool) -> dict[str, Any]:
        return dict(
            type='RandomSampler',
            num=num,
            pos_fraction=positive,
            neg_pos_ub=-1,
            add_gt_as_proposals=truth,
        )

    proposals = dict(
        nms_pre=2000, max_per_img=1000, nms=dict(type='nms', iou_threshold=0.7), min_bbox_size=0
    )
    return dict(
        type='FasterRCNN',
        backbone=dict(type='ResNet', depth=18, out_indices=(0, 1, 2, 3)),
        neck=dict(type='FPN', in_channels=[64, 128, 256, 512], out_channels=CHANNELS, num_outs=5),
        rpn_head=dict(
            type='RPNHead',
            in_channels=CHANNELS,
            feat_channels=CHANNELS,
            anchor_generator=dict(
                type='AnchorGenerator',
                scales=[8],
                ratios=[0.5, 1.0, 2.0],
                strides=[4, 8, 16, 32, 64],
            ),
            bbox_coder=coder(1.0, 1.0, 1.0, 1.0),
            loss_cls=dict(type='CrossEntropyLoss', use_sigmoid=True),
            loss_bbox=dict(type='L1Loss'),
        ),
        roi_head=dict(
            type='StandardRoIHead',
            bbox_roi_extractor=dict(
                type='SingleRoIExtractor',
                roi_layer=dict(type='RoIAlign', output_size=7, sampling_ratio=0),
                out_channels=CHANNELS,
                featmap_strides=[4, 8, 16, 32],
            ),
            bbox_head=dict(
                type='Shared2FCBBoxHead',
                in_channels=CHANNELS,
                roi_feat_size=7,
                num_classes=1,
                bbox_coder=coder(0.1, 0.1, 0.2, 0.2),
                loss_cls=dict(type='CrossEntropyLoss'),
                loss_bbox=dict(type='L1Loss'),
            ),
        ),
        train_cfg=dict(
            rpn=dict(
                assigner=assigner(0.7, 0.3, True),
                sampler=sampler(256, 0.5, False),
                allowed_border=-1,
                pos_weight=-1,
            ),
            rpn_proposal=proposals,
            rcnn=dict(
                assigner=assigner(0.5, 0.5, False),
                sampler=sampler(NUM_ROIS, 0.25, True),
                pos_weight=-1,
            ),
        ),
        test_cfg=dict(rpn=proposals, rcnn=dict(score_thr=0.05, nms=proposals['nms'])),
    )


mean_align = partial(ops.RoIAlign, sampling_ratio=0)
max_align = partial(ops.RoIAlign, sampling_ratio=2, pool_mode='max')
CASES: dict[str, Callable[[str], Case]] = {
    'nms, 1000 boxes': partial(nms_case, num_boxes=1000),
    'nms, 4000 boxes': partial(nms_case, num_boxes=4000),
    'batched_nms, 5 levels': partial(batched_nms_case, groups=LEVELS, iou_threshold=0.7),
    'batched_nms, 80 classes': partial(batched_nms_case, groups=(25,) * 80, iou_threshold=0.5),
    'soft_nms, linear': partial(soft_nms_case, num_boxes=500, method='linear'),
    'soft_nms, gaussian': partial(soft_nms_case, num_boxes=500, method='gaussian'),
    'roi_align, stride 4': partial(roi_case, layer=mean_align, num_rois=NUM_ROIS, stride=4),
    'roi_align, stride 16': partial(roi_case, layer=mean_align, num_rois=NUM_ROIS, stride=16),
    'roi_align, maximum': partial(roi_case, layer=max_align, num_rois=128, stride=8),
    'roi_pool': partial(roi_case, layer=ops.RoIPool, num_rois=128, stride=8),
    'deform_conv v1': partial(deform_conv_case, modulated=False),
    'deform_conv v2': partial(deform_conv_case, modulated=True),
    'deform_conv v2, 4 groups': partial(deform_conv_case, modulated=True, groups=4),
    'sigmoid_focal_loss': focal_loss_case,
    'Faster R-CNN training step': detector_case,
}


if __name__ == '__main__':
    run_tool(main)
