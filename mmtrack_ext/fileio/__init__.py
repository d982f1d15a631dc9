"""Files of detections, ground truth and results, in NumPy alone."""

from mmtrack_ext.fileio.atomic import atomic_write
from mmtrack_ext.fileio.detection_cache import (
    SequenceDetections,
    find_detections,
    read_detections,
    sequence_of_frames,
    write_detections,
)
from mmtrack_ext.fileio.errors import FileFormatError
from mmtrack_ext.fileio.json_tables import read_json, read_tables
from mmtrack_ext.fileio.mot_text import (
    GroundTruth,
    Results,
    TextDetections,
    read_detections_text,
    read_ground_truth,
    read_results,
    results_as_written,
    write_detections_text,
    write_ground_truth,
    write_results,
)
from mmtrack_ext.fileio.sequence_info import (
    SequenceInfo,
    read_sequence_info,
    second_half_start,
    write_sequence_info,
)
from mmtrack_ext.fileio.submission import submission_names, write_submission

__all__ = [
    'FileFormatError',
    'GroundTruth',
    'Results',
    'SequenceDetections',
    'SequenceInfo',
    'TextDetections',
    'atomic_write',
    'find_detections',
    'read_detections',
    'read_detections_text',
    'read_ground_truth',
    'read_json',
    'read_results',
    'read_sequence_info',
    'read_tables',
    'results_as_written',
    'second_half_start',
    'sequence_of_frames',
    'submission_names',
    'write_detections',
    'write_detections_text',
    'write_ground_truth',
    'write_results',
    'write_sequence_info',
    'write_submission',
]
