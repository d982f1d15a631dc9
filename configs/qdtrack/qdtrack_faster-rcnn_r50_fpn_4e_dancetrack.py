_base_ = './qdtrack_faster-rcnn_r50_4e_dancetrack_test-dancetrack.py'
