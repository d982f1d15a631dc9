_base_ = './qdtrack_faster-rcnn_r101_24e_lvis_test-tao.py'
