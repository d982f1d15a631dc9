_base_ = './qdtrack_faster-rcnn_r50_4e_crowdhuman-mot17-half_test-mot17-half.py'
