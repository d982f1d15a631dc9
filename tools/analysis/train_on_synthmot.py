"""Train configs on a freshly rendered SynthMOT and print what they reached, and how fast.

    train_on_synthmot.py configs/nanodet/nanodet-plus-m_synthmot.py --epochs 12 --batch-size 64

For a machine with a GPU, where the SynthMOT configs can run longer than on two CPU cores; it runs
on a CPU too. Each CONFIG is a leaf that reads data/SynthMOT; the data are rendered to OUT/SynthMOT.
"""

from __future__ import annotations

import argparse
import json
import shlex
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from mmtrack_ext.utils.command_line import run_tool
from mmtrack_ext.utils.config import load_config
from mmtrack_ext.utils.markdown import table_lines

SCORES = ('coco/bbox_mAP', 'coco/bbox_mAP_50', 'mot/HOTA', 'mot/MOTA', 'mot/IDF1')


def main() -> None:
    """Render once, then train and test every config."""
    arguments = parse_arguments()
    data = arguments.out / 'SynthMOT'
    render = ['--frames', arguments.frames, '--size', arguments.size]
    run('tools/dataset_converters/make_synth_mot.py', data, *render)
    run('tools/dataset_converters/mot2coco.py', '-i', data, '-o', data / 'annotations')
    rows = [train(config, data, arguments) for config in arguments.configs]
    header = ('config', 'images/s in training', 'GPU memory [MiB]', *SCORES)
    print('\n' + '\n'.join(table_lines(header, rows)))


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('configs', type=Path, nargs='+', metavar='CONFIG')
    parser.add_argument('--out', type=Path, default=Path('work_dirs/synthmot'))
    parser.add_argument('--frames', type=int, default=150, help='of each rendered sequence')
    parser.add_argument('--size', default='640x384', help='of the rendered images')
    parser.add_argument('--epochs', type=int, help="default: the config's")
    parser.add_argument('--batch-size', type=int, help="default: the config's")
    parser.add_argument('--amp', action='store_true', help='mixed precision, on a GPU')
    return parser.parse_args()


def train(config: Path, data: Path, arguments: argparse.Namespace) -> list[str]:
    """The row of one config."""
    work_dir = arguments.out / config.stem
    adapted = adapted_config(config, data, arguments)
    work_dir.mkdir(parents=True, exist_ok=True)
    path = work_dir / f'{config.stem}.py'
    adapted.dump(str(path))
    options = ['--amp'] if arguments.amp else []
    if arguments.batch_size is not None:
        options.append('--auto-scale-lr')
    run('tools/train.py', path, '--work-dir', work_dir, *options)
    last = (work_dir / 'last_checkpoint').read_text(encoding='utf-8').strip()
    run('tools/test.py', path, last, '--work-dir', work_dir / 'test', '--out', work_dir / 'results')
    evaluation = work_dir / 'results' / 'evaluation.json'  # absent where nothing was detected
    scores = json.loads(evaluation.read_text(encoding='utf-8')) if evaluation.is_file() else {}
    cells = [f'{scores[name]:.3f}' if name in scores else '' for name in SCORES]
    return [config.stem, *speed(work_dir, adapted.train_dataloader.batch_size), *cells]


def adapted_config(config: Path, data: Path, arguments: argparse.Namespace) -> Any:
    """The config with these data, epochs and batches."""
    adapted = load_config(config)
    text = adapted.dump().replace('data/SynthMOT', str(data))
    adapted = type(adapted).fromstring(text, '.py')
    if arguments.epochs is not None:
        adapted.train_cfg.max_epochs = arguments.epochs
        adapted.train_cfg.val_interval = arguments.epochs
        for scheduler in adapted.param_scheduler:
            if 'T_max' in scheduler:
                scheduler.T_max = arguments.epochs
    if arguments.batch_size is not None:
        adapted.train_dataloader.batch_size = arguments.batch_size
    return adapted


def speed(work_dir: Path, batch_size: int) -> list[str]:
    """Images per second (median over the log) and the most memory, of the latest training."""
    log = max(work_dir.glob('*/vis_data/scalars.json'))
    entries = [json.loads(line) for line in log.read_text(encoding='utf-8').splitlines()]
    entries = [entry for entry in entries if 'loss' in entry]
    rate = batch_size / statistics.median(entry['time'] for entry in entries)
    memory = max((entry.get('memory', 0) for entry in entries), default=0)
    return [f'{rate:.1f}', str(memory) if memory else '']


def run(*command: object) -> None:
    """One of this repository's tools; stop where it stops."""
    words = [str(word) for word in command]
    print(f'\n== python {shlex.join(words)}', flush=True)
    finished = subprocess.run([sys.executable, str(ROOT / words[0]), *words[1:]], check=False)
    if finished.returncode:
        sys.exit(finished.returncode)


if __name__ == '__main__':
    run_tool(main)
