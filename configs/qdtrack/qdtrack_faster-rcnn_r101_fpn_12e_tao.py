_base_ = './qdtrack_faster-rcnn_r101_12e_tao_test-tao.py'
