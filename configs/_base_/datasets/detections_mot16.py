# MOT16, training sequences, with cached detections and their embeddings: SEQ.npy, ten columns as in
# det.txt and then the embedding, as DeepSORT has published the detections of POI.
_base_ = 'detections.py'

test_dataloader = dict(
    dataset=dict(
        data_root='data/MOT16/train',
        pipeline=[
            dict(type='LoadDetections', path='data/MOT16/poi_detections'),
            dict(type='PackFrameInputs'),
        ],
    )
)
