#!/usr/bin/env bash
# Train in several processes, one a GPU (or on CPUs alone, where there is no GPU).
#
#   tools/dist_train.sh CONFIG PROCESSES [options of tools/train.py]
#
# Several machines: run it on each with NNODES, NODE_RANK (from 0), MASTER_ADDR and PORT set.
set -euo pipefail
if [ $# -lt 2 ]; then
  echo "usage: $0 CONFIG PROCESSES [options of tools/train.py]" >&2
  exit 2
fi
CONFIG=$1
PROCESSES=$2

export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}" MKL_NUM_THREADS="${MKL_NUM_THREADS:-1}"  # a core a process
exec "${PYTHON:-python}" -m torch.distributed.run \
  --nnodes="${NNODES:-1}" --node_rank="${NODE_RANK:-0}" \
  --master_addr="${MASTER_ADDR:-127.0.0.1}" --master_port="${PORT:-29500}" \
  --nproc_per_node="$PROCESSES" \
  "$(dirname "$0")/train.py" "$CONFIG" --launcher pytorch "${@:3}"
