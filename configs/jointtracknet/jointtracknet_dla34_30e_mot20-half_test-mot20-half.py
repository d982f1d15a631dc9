# JointTrackNet with DLA-34 on the first halves of MOT20's training sequences; tested on the second
# halves.
#
# Paper: none; https://github.com/simsekfe/JointTrackNet. The recipe for MOT17, with room for
#        MOT20's crowds.
# Run:   tools/dataset_converters/mot2coco.py -i data/MOT20 -o data/MOT20/annotations \
#          --split-train
#        then as jointtracknet_dla34_30e_mot17-half_test-mot17-half.py
# Time:  not measured.
# Score: none measured.
_base_ = ['./jointtracknet_dla34_30e_mot17-half_test-mot17-half.py']

data_root = 'data/MOT20/'
model = dict(
    # Enough for all of MOT20; a training that needs more says so.
    criterion=dict(identity=dict(num_ids=2400)),
    test_cfg=dict(max_detections=400),  # more than 200 people in a frame
)
train_dataloader = dict(dataset=dict(data_root=data_root, sequences=None))
val_dataloader = dict(dataset=dict(data_root=data_root, sequences=None))
test_dataloader = val_dataloader
