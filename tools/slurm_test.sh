#!/usr/bin/env bash
# Test on a Slurm cluster, whole videos a process.
#
#   tools/slurm_test.sh PARTITION JOB CONFIG CHECKPOINT [options of tools/test.py]
#
# CHECKPOINT is none where every part has weights from elsewhere or needs none.
# Environment: GPUS (8), GPUS_PER_NODE (8), CPUS_PER_TASK (5), SRUN_ARGS.
set -euo pipefail
if [ $# -lt 4 ]; then
  echo "usage: $0 PARTITION JOB CONFIG CHECKPOINT|none [options of tools/test.py]" >&2
  exit 2
fi
CHECKPOINT=()
[ "$4" = none ] || CHECKPOINT=("$4")
GPUS=${GPUS:-8}
GPUS_PER_NODE=${GPUS_PER_NODE:-$((GPUS < 8 ? GPUS : 8))}

# shellcheck disable=SC2086  # SRUN_ARGS is several words
exec srun -p "$1" --job-name="$2" \
  --gres="gpu:$GPUS_PER_NODE" --ntasks="$GPUS" --ntasks-per-node="$GPUS_PER_NODE" \
  --cpus-per-task="${CPUS_PER_TASK:-5}" --kill-on-bad-exit=1 ${SRUN_ARGS:-} \
  "${PYTHON:-python}" -u "$(dirname "$0")/test.py" "$3" ${CHECKPOINT[@]+"${CHECKPOINT[@]}"} \
  --launcher slurm "${@:5}"
