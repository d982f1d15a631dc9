"""Videos of what a test tracks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.model import is_model_wrapper

from mmtrack_ext.association.detections import Detections
from mmtrack_ext.registry import HOOKS
from mmtrack_ext.structures import instances_to_detections
from mmtrack_ext.visualization.debug_maps import debug_picture
from mmtrack_ext.visualization.drawing import draw_detections, draw_tracks
from mmtrack_ext.visualization.frame_source import read_image
from mmtrack_ext.visualization.track_visualizer import tracks_of
from mmtrack_ext.visualization.trails import Trails
from mmtrack_ext.visualization.video import VideoWriter

DEFAULT_FRAME_RATE = 30  # of the sets that name none; trackers have the same default


@HOOKS.register_module()
class TrackVisualizationHook(Hook):
    """Draws the tracks of every test frame and writes ``OUT_DIR/VIDEO.mp4``.

    Videos must come one after the other, as from ``VideoSampler``; one is open at a time. With
    several processes each writes the videos that it tracks.

    Args:
        out_dir: folder of the videos.
        trails: frames that the trail of a track reaches back; 0 draws none.
        frame_rate: of the videos; that of the data where None.
        draw_detections: draw the detections, too, in grey.

    Models that can show what they see (``keep_debug_maps``) are asked to: their frames are four
    panels, see ``debug_picture``.

    Raises:
        FileNotFoundError: a frame has no image.
        ValueError: a video comes in two parts.
    """

    priority = 'LOW'

    def __init__(
        self,
        out_dir: Path | str,
        trails: int = 30,
        frame_rate: float | None = None,
        draw_detections: bool = False,
    ) -> None:
        if trails < 0:
            raise ValueError(f"The 'trails' of TrackVisualizationHook must be >= 0. Got {trails}.")
        self.out_dir = Path(out_dir)
        self.trails = trails
        self.frame_rate = frame_rate
        self.draw_detections = draw_detections
        self._writer: VideoWriter | None = None
        self._trails: Trails | None = None
        self._started: list[str] = []

    def before_test_epoch(self, runner: Any) -> None:
        """Forget what an earlier test has drawn."""
        if self._writer is not None:
            self._writer.discard()
        self._writer, self._started = None, []
        model = getattr(runner, 'model', None)
        model = model.module if is_model_wrapper(model) else model
        if hasattr(model, 'keep_debug_maps'):
            model.keep_debug_maps = True

    def after_test_iter(
        self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Sequence[Any] = ()
    ) -> None:
        """Draw the frames of a batch."""
        class_names = _class_names(runner)
        for sample in outputs:
            self._draw(sample, class_names)

    def after_test_epoch(self, runner: Any, metrics: dict[str, float] | None = None) -> None:
        """Finish the last video."""
        self._close()
        if self._started:
            files = ', '.join(f'{name}.mp4' for name in self._started)
            print_log(f'Wrote {files} to {self.out_dir}', logger='current')

    def _draw(self, sample: Any, class_names: Sequence[str] | None) -> None:
        video = str(sample.get('video_name', sample.get('video_id', 'images')))
        if self._writer is None or video != self._started[-1]:
            self._start(video, self.frame_rate or sample.get('frame_rate') or DEFAULT_FRAME_RATE)
        image = read_image(sample.get('img_path'))
        if image is None:
            problem = 'no image to draw on; test without drawing'
            raise FileNotFoundError(f'{sample.get("img_path")} ({video}): {problem}')
        drawn, detections = image, Detections.empty()
        if 'pred_instances' in sample:
            detections = instances_to_detections(sample.pred_instances)
        if self.draw_detections:
            drawn = draw_detections(image, detections)
        tracked = tracks_of(sample.pred_track_instances)
        drawn = draw_tracks(drawn, tracked, trails=self._trails, class_names=class_names)
        if 'debug_maps' in sample:
            drawn = debug_picture(drawn, image, sample.debug_maps, detections)
        assert self._writer is not None
        self._writer.write(drawn)

    def _start(self, video: str, frame_rate: float) -> None:
        self._close()
        if video in self._started:
            raise ValueError(
                f'The frames of {video} do not come one after the other, so they make no video; '
                "test with sampler=dict(type='VideoSampler')."
            )
        self._started.append(video)
        self._trails = Trails(self.trails) if self.trails else None
        self._writer = VideoWriter(self.out_dir / f'{video}.mp4', frame_rate)

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None


def _class_names(runner: Any) -> Sequence[str] | None:
    dataset = getattr(getattr(runner, 'test_dataloader', None), 'dataset', None)
    metainfo = getattr(dataset, 'metainfo', None) or {}
    return metainfo.get('classes')
