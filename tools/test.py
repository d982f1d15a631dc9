"""Detect, track and score: the test set of a config, whole videos a process."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mmtrack_ext.utils.command_line import check_min_score, is_first_process, run_tool

TRACK_METRICS = ('MOTMetric', 'TAOMetric')  # those that write what was tracked


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', nargs='?', help='weights of the whole model')
    parser.add_argument('--checkpoint', dest='checkpoint_option', help=argparse.SUPPRESS)
    parser.add_argument('--detector', help='weights of the detector')
    parser.add_argument('--reid', help='weights of the re-identification network')
    parser.add_argument('--tracker', metavar='CONFIG', help='take model.tracker from this config')
    parser.add_argument('--device', help='cpu, cuda or cuda:N; the GPU where there is one')
    parser.add_argument('--work-dir', type=Path, help='for logs; default work_dirs/CONFIG_NAME')
    parser.add_argument('--out', type=Path, help='for results; default WORK_DIR/results')
    parser.add_argument('--show-dir', type=Path, help='folder for annotated videos')
    parser.add_argument(
        '--format-only', action='store_true', help='write results and submission.zip, do not score'
    )
    parser.add_argument('--trust-checkpoint', action='store_true', help='load files that run code')
    parser.add_argument('--min-score', type=float, help='detections below do not reach the tracker')
    parser.add_argument('--classes', type=int, nargs='+', help='class indices to keep, from 0')
    parser.add_argument(
        '--interpolate',
        choices=('none', 'linear', 'gaussian'),
        default='none',
        help="fill gaps, in SEQ.txt and MOTMetric's scores",
    )
    parser.add_argument('--save-detections-txt', type=Path, metavar='D', help='detections as text')
    parser.add_argument('--cfg-options', nargs='+', metavar='KEY=VALUE', default=[])
    parser.add_argument('--launcher', choices=('none', 'pytorch', 'slurm', 'mpi'), default='none')
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0, help=argparse.SUPPRESS)
    return parser.parse_intermixed_args()  # CHECKPOINT may stand behind options


def main() -> None:
    """Prepare the config, check everything, then test."""
    arguments = parse_arguments()
    arguments.checkpoint = arguments.checkpoint or arguments.checkpoint_option
    check_min_score(arguments.min_score)
    # Not at the top of the file: from here on, Ctrl-C is one line.
    from mmtrack_ext.utils.config import config_options, load_config

    options = config_options(arguments.cfg_options)
    config = load_config(arguments.config, options, tracker=arguments.tracker)
    adapt(config, arguments)
    check_outputs(arguments)
    choose_device(arguments.device)
    # Only now: the choice of the device must come before torch looks for GPUs.
    from mmtrack_ext.apis.models import check_testing, load_weights
    from mmtrack_ext.engine.first_batch import first_batch_errors
    from mmtrack_ext.engine.preflight import one_line_errors
    from mmtrack_ext.engine.runner import MOTRunner, check_launcher, leave_processes

    check_launcher(arguments.launcher)
    weights = {
        'checkpoint': arguments.checkpoint,
        'detector': arguments.detector,
        'reid': arguments.reid,
        'trust_checkpoint': arguments.trust_checkpoint,
    }
    check_testing(config, arguments.config, **weights)
    with one_line_errors(arguments.config):
        runner = MOTRunner.from_cfg(config)
    load_weights(getattr(runner.model, 'module', runner.model), **weights)
    with first_batch_errors(runner, arguments.config):
        scores = runner.test()
    write_evaluation(arguments.out / 'evaluation.json', scores)
    print_written(config, arguments)
    leave_processes()


def adapt(config: Any, arguments: argparse.Namespace) -> None:
    """Put what the command line says into the config."""
    for key in ('model', 'test_dataloader', 'test_evaluator', 'test_cfg'):
        if config.get(key) is None:
            raise ValueError(f'{arguments.config}: this config has nothing to test, no {key}.')
    name = Path(arguments.config).stem
    work_dir = arguments.work_dir or config.get('work_dir') or Path('work_dirs') / name
    config.work_dir = str(work_dir)
    config.launcher = arguments.launcher
    config.load_from, config.resume = None, False
    arguments.out = arguments.out or Path(work_dir) / 'results'
    for option, value in (('min_score', arguments.min_score), ('classes', arguments.classes)):
        if value is not None:
            needs_tracker(config, arguments, f'--{option.replace("_", "-")}')
            config.model[option] = value
    adapt_metric(config, arguments)
    hooks = [dict(type='SpeedHook', out=str(arguments.out / 'speed.json'))]
    if arguments.show_dir is not None:
        needs_tracker(config, arguments, '--show-dir')
        hooks.append(dict(type='TrackVisualizationHook', out_dir=str(arguments.show_dir)))
    config.custom_hooks = [*(config.get('custom_hooks') or []), *hooks]


def check_outputs(arguments: argparse.Namespace) -> None:
    """Find out before the work whether its results can be written."""
    from mmtrack_ext.visualization.outputs import check_writable

    for folder in (arguments.out, arguments.show_dir, arguments.save_detections_txt):
        if folder is not None:
            check_writable(folder, is_folder=True)


def adapt_metric(config: Any, arguments: argparse.Namespace) -> None:
    """Tell the metrics of the tracks what to write."""
    evaluators = config.test_evaluator
    metrics = evaluators if isinstance(evaluators, list) else [evaluators]
    of_tracks = [metric for metric in metrics if metric.get('type') in TRACK_METRICS]
    for metric in of_tracks:
        metric.out = str(arguments.out)
        metric.format_only = arguments.format_only or metric.get('format_only', False)
        if metric.type != 'MOTMetric':
            continue
        metric.interpolation = arguments.interpolate
        if arguments.save_detections_txt is not None:
            metric.detections_text = str(arguments.save_detections_txt)
    if arguments.format_only:
        config.test_evaluator = of_tracks
    asked = {  # and who can follow
        '--format-only': (arguments.format_only, TRACK_METRICS),
        '--interpolate': (arguments.interpolate != 'none', ('MOTMetric',)),
        '--save-detections-txt': (arguments.save_detections_txt is not None, ('MOTMetric',)),
    }
    types = {metric.get('type') for metric in of_tracks}
    for option, (given, takers) in asked.items():
        if given and not types & set(takers):
            needed = ' or a '.join(takers)
            raise ValueError(f'{arguments.config}: {option} needs a {needed} in test_evaluator.')


def needs_tracker(config: Any, arguments: argparse.Namespace, option: str) -> None:
    """Refuse an option that a detector alone cannot follow."""
    if 'tracker' not in config.model:
        raise ValueError(f'{arguments.config}: {option} needs a model with a tracker.')


def choose_device(name: str | None) -> None:
    """Let torch see the GPU that was asked for alone, or none."""
    if name is None:
        return
    kind, _, index = name.partition(':')
    if kind not in ('cpu', 'cuda') or (index and not index.isdecimal()):
        raise ValueError(f'--device takes cpu, cuda or cuda:N. Got {name!r}.')
    if kind == 'cpu':
        os.environ['CUDA_VISIBLE_DEVICES'] = '-1'
        return
    if index:
        os.environ['CUDA_VISIBLE_DEVICES'] = index
    import torch

    if not torch.cuda.is_available():
        raise ValueError(f'--device {name}: torch sees no such GPU.')


def write_evaluation(path: Path, scores: dict[str, Any]) -> None:
    """Every score by its name in logs: those of tracks, and of detections."""
    from mmtrack_ext.fileio import atomic_write

    if is_first_process() and scores:
        with atomic_write(path) as file:
            json.dump(scores, file, indent=2, default=float)
            file.write('\n')


def print_written(config: Any, arguments: argparse.Namespace) -> None:
    """Say where things are."""
    if not is_first_process():
        return
    if arguments.out.is_dir():
        names = sorted(path.name for path in arguments.out.iterdir())
        print(f'Wrote {", ".join(names)} to {arguments.out}')
    for folder in (arguments.show_dir, arguments.save_detections_txt):
        if folder is not None:
            print(f'Wrote {len(list(folder.iterdir()))} files to {folder}')


if __name__ == '__main__':
    run_tool(main)
