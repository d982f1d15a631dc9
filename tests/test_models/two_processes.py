"""A program: models learn from batches that two processes share, as in distributed training.

CASES was saved by torch: by name, a model and the arguments of its loss in each of the two
processes. RESULTS gets, by name, what every process has after two rounds: ``gradients`` by
parameter, and ``logged``, its losses. Run by the fixture ``in_two_processes``.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import torch
from torch import distributed
from torch.nn.parallel import DistributedDataParallel

from mmtrack_ext.utils.register_all_modules import register_all_modules


def learn(rank: int, folder: Path, cases: dict[str, Any]) -> None:
    """One of the two processes."""
    torch.set_num_threads(1)
    place = f'file://{folder}/meeting_point'
    distributed.init_process_group('gloo', init_method=place, rank=rank, world_size=2)
    results = {name: gradients_of(model, batches[rank]) for name, (model, batches) in cases.items()}
    torch.save(results, folder / f'{rank}.pth')
    distributed.barrier()
    distributed.destroy_process_group()


def gradients_of(model: Any, batch: tuple) -> dict[str, Any]:
    """Means over the processes; torch tells only in the second round what the first left out."""
    parallel = DistributedDataParallel(model, broadcast_buffers=False)
    for _ in range(2):
        model.zero_grad()
        torch.manual_seed(0)
        total, logged = model.parse_losses(parallel(*batch, mode='loss'))
        total.backward()
    gradients = {
        name: parameter.grad for name, parameter in model.named_parameters()
        if parameter.requires_grad
    }  # fmt: skip
    return {'gradients': gradients, 'logged': logged}


def main(cases: str, results: str) -> None:
    """Start the processes after what takes long, the imports."""
    register_all_modules()
    loaded = torch.load(cases, weights_only=False)
    with tempfile.TemporaryDirectory() as folder:
        arguments = (Path(folder), loaded)
        torch.multiprocessing.start_processes(learn, arguments, nprocs=2, start_method='fork')
        both = [torch.load(Path(folder) / f'{rank}.pth', weights_only=False) for rank in (0, 1)]
    torch.save({name: [one[name] for one in both] for name in loaded}, results)


if __name__ == '__main__':
    main(*sys.argv[1:])
