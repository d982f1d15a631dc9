# NanoTrack with an exported detector, run by onnxruntime, on any video, camera or folder of images.
#
# Paper: none found; the released program, https://github.com/VjiaLi/NanoTrack. Its thresholds.
# Run:   tools/export_onnx.py configs/nanotrack/nanotrack_nanodet-plus-m-416_video.py \
#          --detector CHECKPOINT OUT.onnx --form detections
#        tools/track_video.py VIDEO THIS --cfg-options model.detector.path=OUT.onnx
#        or tools/test.py THIS --cfg-options model.detector.path=OUT.onnx
# Time:  see configs/nanotrack/README.md.
# Score: that of the exported detector; measured on PETS09-S2L1, see configs/nanotrack/README.md.
#
# How frames become its input, thresholds and classes stand in the file; the size to resize to does
# not, and must be the one of the exported detector.
_base_ = ['../_base_/loaders/sequences.py', '../_base_/default_runtime.py']

model = dict(
    type='TrackingByDetection',
    detector=dict(type='ONNXDetector', path=None),
    tracker=dict(type='NanoTracker'),
)
test_dataloader = dict(
    dataset=dict(
        data_root='data/PETS09-S2L1',  # one sequence, or a folder of them
        metainfo=dict(classes=('person',)),
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='Resize', scale=(416, 416), keep_ratio=False),  # of the exported detector
            dict(type='PackFrameInputs'),
        ],
    ),
)
