#!/usr/bin/env bash
# Test in several processes, whole videos each.
#
#   tools/dist_test.sh CONFIG CHECKPOINT PROCESSES [options of tools/test.py]
#
# CHECKPOINT is none where every part has weights from elsewhere or needs none.
# Several machines: run it on each with NNODES, NODE_RANK (from 0), MASTER_ADDR and PORT set.
set -euo pipefail
if [ $# -lt 3 ]; then
  echo "usage: $0 CONFIG CHECKPOINT|none PROCESSES [options of tools/test.py]" >&2
  exit 2
fi
CONFIG=$1
CHECKPOINT=()
[ "$2" = none ] || CHECKPOINT=("$2")
PROCESSES=$3

export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}" MKL_NUM_THREADS="${MKL_NUM_THREADS:-1}"  # a core a process
exec "${PYTHON:-python}" -m torch.distributed.run \
  --nnodes="${NNODES:-1}" --node_rank="${NODE_RANK:-0}" \
  --master_addr="${MASTER_ADDR:-127.0.0.1}" --master_port="${PORT:-29500}" \
  --nproc_per_node="$PROCESSES" \
  "$(dirname "$0")/test.py" "$CONFIG" ${CHECKPOINT[@]+"${CHECKPOINT[@]}"} --launcher pytorch "${@:4}"
