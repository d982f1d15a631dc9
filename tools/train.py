"""Train the model of a config."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mmtrack_ext.utils.command_line import is_first_process, run_tool


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file')
    parser.add_argument('--work-dir', help='for checkpoints and logs; default work_dirs/CONFIG')
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        metavar='CHECKPOINT',
        help='go on from a checkpoint; without one, from the last of the work directory',
    )
    parser.add_argument('--amp', action='store_true', help='mixed precision (GPU)')
    parser.add_argument(
        '--auto-scale-lr', action='store_true', help='scale the learning rate to the batch size'
    )
    parser.add_argument(
        '--trust-checkpoint',
        action='store_true',
        help='load checkpoints that may run any program: only those whose source you trust',
    )
    parser.add_argument('--cfg-options', nargs='+', metavar='KEY=VALUE', default=[])
    parser.add_argument('--launcher', choices=('none', 'pytorch', 'slurm', 'mpi'), default='none')
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0, help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    """Prepare the config, check everything, then train."""
    arguments = parse_arguments()
    # Not at the top of the file: from here on, Ctrl-C is one line.
    from mmtrack_ext.utils.config import config_options, load_config

    config = load_config(arguments.config, config_options(arguments.cfg_options))
    adapt(config, arguments)
    # Only now: these need torch, and a mistake in the command line should not wait for it.
    from mmtrack_ext.engine.checkpoints import trusted_checkpoints
    from mmtrack_ext.engine.first_batch import first_batch_errors
    from mmtrack_ext.engine.preflight import check_training, one_line_errors
    from mmtrack_ext.engine.runner import MOTRunner, check_launcher, leave_processes
    from mmtrack_ext.utils.register_all_modules import register_all_modules

    check_launcher(arguments.launcher)
    register_all_modules()
    choose_start(config, arguments)
    check_training(config, arguments.config, trust=arguments.trust_checkpoint)
    with trusted_checkpoints(arguments.trust_checkpoint):
        with one_line_errors(arguments.config):
            runner = MOTRunner.from_cfg(config)
        with first_batch_errors(runner, arguments.config):
            runner.train()
    say(f'Wrote {written(runner)} to {config.work_dir}')
    leave_processes()


def adapt(config: Any, arguments: argparse.Namespace) -> None:
    """Put what the command line says into the config."""
    path = arguments.config
    if config.get('train_dataloader') is None:
        raise ValueError(
            f'{path}: this config has nothing to train: there is no train_dataloader; '
            f'{what_to_do_instead(config)}'
        )
    work_dir = arguments.work_dir or config.get('work_dir')
    config.work_dir = str(work_dir or Path('work_dirs') / Path(path).stem)
    config.launcher = arguments.launcher
    if arguments.launcher != 'none':
        os.environ.setdefault('LOCAL_RANK', str(arguments.local_rank))
    if arguments.amp:
        use_mixed_precision(config, path)
    if arguments.auto_scale_lr:
        scaling = config.get('auto_scale_lr') or {}
        if 'base_batch_size' not in scaling:
            raise ValueError(
                f'{path}: --auto-scale-lr needs auto_scale_lr = dict(base_batch_size=N) in the '
                'config, N being the batch size (all processes) that its learning rate is for'
            )
        config.auto_scale_lr.enable = True


def what_to_do_instead(config: Any) -> str:
    """What a config without training data is for."""
    from mmtrack_ext.utils.config import looks_at_frames

    model = config.get('model') or {}
    if 'tracker' in model and not looks_at_frames(model):
        return 'its detections come from files; run tools/track_detections.py'
    return (
        "run tools/test.py with the weights of its parts, or train a part with that part's config"
    )


def use_mixed_precision(config: Any, path: str) -> None:
    """As ``--amp`` of mmdet's tools/train.py."""
    import torch

    if not torch.cuda.is_available():
        raise ValueError('--amp needs a GPU, and torch sees none.')
    wrapper = config.get('optim_wrapper') or {}
    if wrapper.get('type', 'OptimWrapper') not in ('OptimWrapper', 'AmpOptimWrapper'):
        raise ValueError(f'{path}: --amp does not work with the optim_wrapper {wrapper["type"]}')
    config.optim_wrapper.type = 'AmpOptimWrapper'
    config.optim_wrapper.setdefault('loss_scale', 'dynamic')


def choose_start(config: Any, arguments: argparse.Namespace) -> None:
    """Which checkpoint to begin with."""
    from mmtrack_ext.engine.checkpoints import find_last_checkpoint

    if arguments.resume not in (None, 'auto'):
        config.resume, config.load_from = True, arguments.resume
    elif arguments.resume == 'auto' or (config.get('resume') and not config.get('load_from')):
        last = find_last_checkpoint(config.work_dir)
        config.resume = last is not None
        if last is None:
            say(f'There is no checkpoint in {config.work_dir} to resume from: starting anew.')
        else:
            say(f'Resuming from {last}')
            config.load_from = str(last)


def written(runner: Any) -> str:
    """The checkpoints in the work directory."""
    names = sorted(path.name for path in Path(runner.work_dir).glob('*.pth'))
    return ', '.join(names) or 'no checkpoints'


def say(message: str) -> None:
    """Print, in the first process alone."""
    if is_first_process():
        print(message, flush=True)


if __name__ == '__main__':
    run_tool(main)
