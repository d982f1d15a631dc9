"""Collecting results from processes that tested different numbers of frames."""

from __future__ import annotations

from typing import Any

from mmengine.dist import all_gather_object, broadcast_object_list, is_main_process
from mmengine.evaluator import BaseMetric


class WholeVideoMetric(BaseMetric):
    """A metric whose processes hold whole videos: nothing is interleaved, padded or cut off.

    mmengine's own gathering takes turns over the processes and stops with the shortest.
    """

    def evaluate(self, size: int) -> dict[str, Any]:
        """Gather, score in the first process, and give every process the scores.

        Args:
            size: number of frames in the dataset.

        Raises:
            ValueError: frames are missing or came twice, or whatever the scoring raises; in every
                process, so that none waits for the others.
        """
        results = [result for part in all_gather_object(self.results) for result in part]
        outcome: list[Any] = [None]
        if is_main_process():
            try:
                outcome = [self._scores(results, size)]
            except Exception as error:
                outcome = [error]
        broadcast_object_list(outcome)
        self.results.clear()
        if isinstance(outcome[0], Exception):
            raise outcome[0]
        scores: dict[str, Any] = outcome[0]
        return scores

    def num_frames(self, results: list[Any]) -> int:
        """How many frames these results are of."""
        return len(results)

    def _scores(self, results: list[Any], size: int) -> dict[str, Any]:
        if (found := self.num_frames(results)) != size:
            raise ValueError(
                f'{type(self).__name__} got {found} frames of {size}; whole videos must go to '
                "each process: sampler=dict(type='VideoSampler')."
            )
        prefix = f'{self.prefix}/' if self.prefix else ''
        return {f'{prefix}{name}': value for name, value in self.compute_metrics(results).items()}
