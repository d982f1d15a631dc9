"""HOTA, CLEAR and identity metrics in mmengine's evaluator, and the result files of a test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmengine.logging import print_log

from mmtrack_ext.association.detections import Detections, TrackedBoxes
from mmtrack_ext.association.interpolation import interpolate
from mmtrack_ext.evaluation.metrics.whole_video_metric import WholeVideoMetric
from mmtrack_ext.evaluation.protocols import PROTOCOLS, infer_protocol
from mmtrack_ext.evaluation.scores import table_lines, write_scores
from mmtrack_ext.evaluation.trackeval_bridge import evaluate_sequences
from mmtrack_ext.fileio import (
    GroundTruth,
    TextDetections,
    read_ground_truth,
    results_as_written,
    sequence_of_frames,
    write_detections,
    write_detections_text,
    write_results,
    write_submission,
)
from mmtrack_ext.registry import METRICS
from mmtrack_ext.structures import instances_to_detections, instances_to_tracked

LOGGED = ('HOTA', 'DetA', 'AssA', 'MOTA', 'IDF1', 'FP', 'FN', 'IDSW')
SUBMISSION = 'submission.zip'


@dataclass(eq=False)
class _Video:
    """What is kept of a video."""

    name: str
    folder: Path  # holds gt/gt.txt
    start: int  # its first frame, in the numbers of gt.txt but from 0
    num_frames: int
    properties: dict[str, Any]  # width, height, frame_rate
    tracked: list[TrackedBoxes] = field(default_factory=list)
    detections: list[Detections] = field(default_factory=list)
    camera_motion: list[Any] = field(default_factory=list)


@METRICS.register_module()
class MOTMetric(WholeVideoMetric):
    """Scores of TrackEval, equal to those of ``tools/evaluate_mot.py`` on the files it writes.

    The ground truth is ``SEQ/gt/gt.txt`` beside the folder of the frames; of a sequence tested in
    part (``mot_frame_id``), that part. Files of a video are written when its last frame is done.

    Args:
        benchmark: 'auto' (by the names of the sequences) or one of ``protocols.PROTOCOLS``.
        out: folder for ``SEQ.txt``, ``detections/SEQ.npz`` and ``metrics.json``; None writes
            nothing.
        format_only: write, do not score; for sequences without ground truth. The result files
            then also stand in ``submission.zip``, as the MOTChallenge server takes them.
        submission: False writes no such zip, for sets that are not MOTChallenge's.
        interpolation: 'none', 'linear' or 'gaussian', see ``association.interpolation``.
        detections_text: folder for the detections as ``SEQ.txt``; None writes none.
        prefix: of the names in logs; the scores are ``mot/HOTA`` and so on, in percent.
        collect_device: see mmengine's ``BaseMetric``.
    """

    default_prefix = 'mot'

    def __init__(
        self,
        *,
        benchmark: str = 'auto',
        out: str | Path | None = None,
        format_only: bool = False,
        submission: bool = True,
        interpolation: str = 'none',
        detections_text: str | Path | None = None,
        prefix: str | None = None,
        collect_device: str = 'cpu',
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        if benchmark not in ('auto', *PROTOCOLS):
            names = ', '.join(PROTOCOLS)
            raise ValueError(f'The benchmark must be auto or one of {names}. Got {benchmark!r}.')
        self.benchmark = benchmark
        self.out = None if out is None else Path(out)
        self.format_only = format_only
        self.submission = submission
        self.interpolation = interpolation
        self.detections_text = None if detections_text is None else Path(detections_text)
        self._open: _Video | None = None

    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        """Keep detections and tracks of a batch of frames."""
        for sample in data_samples:
            if sample['frame_id'] == 0:
                self._open = _start_video(sample)
            video = self._open
            if video is None or video.name != sample['video_name']:
                raise ValueError(f'{sample["video_name"]} does not start with its first frame')
            video.tracked.append(instances_to_tracked(sample['pred_track_instances']))
            video.detections.append(instances_to_detections(sample['pred_instances']))
            video.camera_motion.append(sample.get('camera_motion'))
            if len(video.tracked) == video.num_frames:
                self._finish(video)

    def num_frames(self, results: list[_Video]) -> int:
        """How many frames these videos have."""
        return sum(video.num_frames for video in results)

    def compute_metrics(self, results: list[_Video]) -> dict[str, float]:
        """Score and print the table, or pack the result files; in the first process."""
        videos = {video.name: video for video in sorted(results, key=lambda video: video.name)}
        if len(videos) < len(results):
            raise ValueError('Two sequences have the same name; test them one after the other.')
        if self.format_only:
            if self.out is not None and self.submission:
                texts = {name: self._text(name) for name in videos}
                print_log(write_submission(self.out / SUBMISSION, texts), logger='current')
            return {}
        scores = evaluate_sequences(
            {name: _truth(video) for name, video in videos.items()},
            {name: results_as_written(v.tracked, **self._classes) for name, v in videos.items()},
            {name: video.num_frames for name, video in videos.items()},
            protocol=infer_protocol(videos) if self.benchmark == 'auto' else self.benchmark,
            class_names=dict(enumerate(self._class_names, start=1)),
        )
        print_log('\n' + '\n'.join(table_lines(scores, videos)), logger='current')
        if self.out is not None:
            write_scores(self.out / 'metrics.json', scores)
        return {name: scores['COMBINED'][name] for name in LOGGED}

    @property
    def _class_names(self) -> tuple[str, ...]:
        return tuple((self.dataset_meta or {}).get('classes', ()))

    @property
    def _classes(self) -> dict[str, bool]:
        """Class -1 in result files of sets with a single class."""
        return {'multi_class': len(self._class_names) > 1}

    def _finish(self, video: _Video) -> None:
        """Fill gaps, write the files asked for, and drop what is not needed for the scores."""
        if self.interpolation != 'none':
            video.tracked = interpolate(video.tracked, self.interpolation)  # type: ignore[arg-type]
        if self.out is not None or self.detections_text is not None:
            self._write(video)
        video.detections, video.camera_motion = [], []
        self.results.append(video)
        self._open = None

    def _write(self, video: _Video) -> None:
        sequence = sequence_of_frames(
            video.detections, camera_motion=video.camera_motion, **video.properties
        )
        if self.out is not None:
            write_results(self._text(video.name), video.tracked, **self._classes)
            write_detections(self.out / 'detections' / f'{video.name}.npz', sequence)
        if self.detections_text is not None:
            columns = (sequence.frames, sequence.boxes, sequence.scores, sequence.labels)
            path = self.detections_text / f'{video.name}.txt'
            write_detections_text(path, TextDetections(*columns))

    def _text(self, name: str) -> Path:
        """The result file of a sequence, in ``self.out``."""
        assert self.out is not None
        return self.out / f'{name}.txt'


def _start_video(sample: dict[str, Any]) -> _Video:
    height, width = sample.get('ori_shape', (None, None))[:2]
    return _Video(
        name=sample['video_name'],
        folder=Path(sample['img_path']).parents[1],
        start=int(sample.get('mot_frame_id', 1)) - 1,
        num_frames=int(sample['video_length']),
        properties={'width': width, 'height': height, 'frame_rate': sample.get('frame_rate')},
    )


def _truth(video: _Video) -> GroundTruth:
    """Ground truth of the frames tested, counted from 0."""
    path = video.folder / 'gt' / 'gt.txt'
    if not path.is_file():
        raise ValueError(f'{path}: no ground truth to score by; --format-only writes results alone')
    return read_ground_truth(path).span(video.start, video.start + video.num_frames)
