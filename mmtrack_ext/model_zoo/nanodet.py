"""From any file of the original NanoDet to a checkpoint of ours."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mmtrack_ext.fileio import FileFormatError
from mmtrack_ext.model_zoo.converted import Converted
from mmtrack_ext.model_zoo.folded import folded_state, recognise_folded
from mmtrack_ext.model_zoo.graph import Convolution
from mmtrack_ext.model_zoo.nanodet_state import read_nanodet_weights, recognise_nanodet
from mmtrack_ext.model_zoo.nanodet_zoo import NanoDetZoo
from mmtrack_ext.model_zoo.ncnn import read_ncnn
from mmtrack_ext.model_zoo.onnx_weights import read_onnx

CHECKPOINTS = ('.ckpt', '.pth', '.pt')
EXPORTED: dict[str, Callable[[Path], tuple[list[Convolution], str]]] = {
    '.param': read_ncnn,
    '.onnx': read_onnx,
}
SUPPORTED = '.ckpt and .pth of NanoDet, .param of ncnn (with its .bin beside), .onnx'


def convert_nanodet(path: Path | str, zoo: NanoDetZoo, *, trust: bool = False) -> Converted:
    """Read a file of the original NanoDet, and find out which network it is.

    Args:
        path: see ``SUPPORTED``.
        zoo: builds the networks.
        trust: unpickle whatever a checkpoint holds, which can run any program.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is damaged or of no known network; what, why, and what is supported.
    """
    path = Path(path)
    try:
        if path.suffix in CHECKPOINTS:
            weights, kind = read_nanodet_weights(path, trust=trust)
            network, num_classes, state = recognise_nanodet(weights, zoo)
        elif path.suffix in EXPORTED:
            found, dtype = EXPORTED[path.suffix](path)
            network, num_classes = recognise_folded(found, zoo)
            state = folded_state(zoo.build(network, num_classes=num_classes), found)
            kind = f'batch norms folded, {dtype}'
        else:
            raise ValueError(f'files named *{path.suffix} are not read; supported: {SUPPORTED}')
    except FileFormatError:
        raise
    except ValueError as error:
        message = str(error)
        raise ValueError(message if str(path) in message else f'{path}: {message}') from None
    return Converted(network, num_classes, kind, path.name, state)
