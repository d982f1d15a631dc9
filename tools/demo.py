"""From nothing to a trained, tracked, scored model: SynthMOT, NanoDet-Plus-m, ByteTrack.

Each stage is a command that you can run yourself; it is printed first.
"""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from mmtrack_ext.utils.command_line import run_tool
from mmtrack_ext.utils.config import read_config

DATA = Path('data/SynthMOT')
CONFIG = 'configs/bytetrack/bytetrack_nanodet-plus-m_synthmot.py'
SHOWN = ('HOTA', 'DetA', 'AssA', 'MOTA', 'IDF1')
DRAWN_SEQUENCE, VIDEO = 'SynthMOT-51', 'SynthMOT-51.mp4'
DETECTOR_CONFIG = 'configs/nanodet/nanodet-plus-m_synthmot.py'
# The figures of the READMEs repeat with it on a machine like theirs; without, HOTA moves by two.
SEED = ('--cfg-options', 'randomness.seed=0')


@dataclass(frozen=True)
class Stage:
    """One command of the demonstration."""

    title: str
    command: list[str]


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--out', type=Path, default=Path('work_dirs/demo'))
    parser.add_argument('--install-seconds', type=float, help='of the installation, for the table')
    return parser.parse_args()


def main() -> None:
    """Run the stages one after the other; stop at the first that fails."""
    arguments = parse_arguments()
    seconds = {}
    if arguments.install_seconds is not None:
        seconds['Install'] = arguments.install_seconds
    all_stages = list(stages(arguments.out))
    for number, stage in enumerate(all_stages, start=1):
        print(f'\n== {number}/{len(all_stages)} {stage.title}', flush=True)
        print(f'   python {shlex.join(stage.command)}', flush=True)
        start = time.monotonic()
        finished = subprocess.run([sys.executable, *stage.command], cwd=ROOT, check=False)
        if finished.returncode:
            sys.exit(finished.returncode)
        seconds[stage.title] = time.monotonic() - start
    print('\n' + '\n'.join(summary(arguments.out, seconds)))


def stages(out: Path) -> Iterator[Stage]:
    """The five commands."""
    train, results = out / 'train', out / 'results'
    converters, annotations = 'tools/dataset_converters', DATA / 'annotations'
    epochs = read_config(ROOT / DETECTOR_CONFIG)['train_cfg']['max_epochs']
    detector = ('--detector', train / f'epoch_{epochs}.pth')
    frames = DATA / 'val' / DRAWN_SEQUENCE / 'img1'
    yield stage('Render SynthMOT', f'{converters}/make_synth_mot.py', DATA)
    yield stage('Convert to COCO', f'{converters}/mot2coco.py', '-i', DATA, '-o', annotations)
    yield stage(
        'Train NanoDet-Plus-m', 'tools/train.py', DETECTOR_CONFIG, '--work-dir', train, *SEED
    )
    where = ('--work-dir', out / 'test', '--out', results)
    yield stage('Detect, track and score', 'tools/test.py', CONFIG, *detector, *where)
    video = ('--out', out / VIDEO)
    yield stage('Draw a video', 'tools/track_video.py', frames, CONFIG, *detector, *video)


def stage(title: str, *command: object) -> Stage:
    """A stage whose command has paths in it."""
    return Stage(title, [str(part) for part in command])


def summary(out: Path, seconds: dict[str, float]) -> list[str]:
    """Scores, files and times."""
    text = (ROOT / out / 'results' / 'evaluation.json').read_text(encoding='utf-8')
    scores = json.loads(text)
    parts = [f'{name} {scores[f"mot/{name}"]:.2f}' for name in SHOWN]
    parts.append(f'{scores["mot/IDSW"]} id switches')
    parts.append(f'person AP50 {scores["coco/bbox_mAP_50"]:.3f}')
    return [
        'SynthMOT validation: ' + ', '.join(parts),
        f'Results: {out / "results"}; annotated video: {out / VIDEO}',
        'Time: '
        + ', '.join(f'{title} {spent:.0f} s' for title, spent in seconds.items())
        + f'; {sum(seconds.values()) / 60:.1f} minutes in all',
    ]


if __name__ == '__main__':
    run_tool(main)
