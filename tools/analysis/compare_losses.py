"""The losses of the same training batches before and after a training.

    compare_losses.py CONFIG CHECKPOINT [--items 160] [--readme README.md --table NAME]

What a log shows first is already learned in part, and every batch is another one. Here the network
as the config makes it and the one of the checkpoint see the same items, augmented alike.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from mmtrack_ext.utils.command_line import progress, run_tool
from mmtrack_ext.utils.config import load_config
from mmtrack_ext.utils.markdown import replace_table, table_lines

SEED = 1  # of the items, their augmentation and the weights


def main() -> None:
    """Both networks, one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('config', metavar='CONFIG')
    parser.add_argument('checkpoint', type=Path, metavar='CHECKPOINT')
    parser.add_argument('--items', type=int, default=160, help='of the training set')
    parser.add_argument('--readme', type=Path, help='write the table there, at results: TABLE')
    parser.add_argument('--table', default='losses')
    arguments = parser.parse_args()
    if arguments.items < 1:
        raise ValueError(f'--items must be at least 1. Got {arguments.items}.')
    from mmengine.runner import set_random_seed

    from mmtrack_ext.engine.checkpoints import load_model_weights
    from mmtrack_ext.engine.preflight import quietly
    from mmtrack_ext.registry import DATASETS, MODELS
    from mmtrack_ext.utils.register_all_modules import register_all_modules

    register_all_modules()
    config = load_config(arguments.config)
    dataset = DATASETS.build(config.train_dataloader.dataset)
    set_random_seed(SEED)
    with quietly():
        model = MODELS.build(config.model)
        model.init_weights()
    size = config.train_dataloader.batch_size
    before = losses(model, dataset, arguments.items, size)
    load_model_weights(model, arguments.checkpoint)
    after = losses(model, dataset, arguments.items, size)
    rows = [
        [name, f'{before[name]:.4f}', f'{after[name]:.4f}', f'{after[name] / before[name]:.3f}']
        for name in before
    ]
    lines = table_lines(('loss', 'untrained', 'trained', 'ratio'), rows)
    print('\n'.join(lines))
    if arguments.readme:
        replace_table(arguments.readme, arguments.table, lines)
        print(f'Wrote table {arguments.table} to {arguments.readme}')


def losses(model: Any, dataset: Any, count: int, size: int) -> dict[str, float]:
    """The mean of each loss over ``count`` items in batches; the network stays as it is."""
    import torch
    from mmengine.dataset import pseudo_collate
    from mmengine.runner import set_random_seed

    set_random_seed(SEED)  # the same random numbers again
    order = torch.randperm(len(dataset))[:count].tolist()
    batches = [order[start : start + size] for start in range(0, len(order), size)]
    model.train()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 0.0  # its statistics are no part of this
    sums: Counter[str] = Counter()
    for batch in progress(batches, 'Looking'):
        with torch.no_grad():
            data = pseudo_collate([dataset[item] for item in batch])
            found = model(**model.data_preprocessor(data, True), mode='loss')
        for name, value in found.items():
            parts = value if isinstance(value, list) else [value]
            sums[name] += sum(float(part.mean()) for part in parts) / len(batches)
    return dict(sums)


if __name__ == '__main__':
    run_tool(main)
