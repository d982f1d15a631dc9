"""What is installed here, and what to do about what is missing.

``python -m mmtrack_ext.utils.collect_env``
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version

import mmtrack_ext

CORE = ('numpy', 'scipy', 'lapx', 'trackeval', 'mmengine', 'rich')
NETWORKS = ('torch', 'mmdet', 'six')
MMCV = ('mmcv', 'mmcv-lite')  # one of the two


def collect_env() -> dict[str, str]:
    """Names and versions, ready to be printed or pasted into an issue."""
    environment = {
        'mmtrack_ext': mmtrack_ext.__version__,
        'Python': sys.version.split()[0],
        'System': f'{platform.system()} {platform.release()} ({platform.machine()})',
        'CPU cores': str(os.cpu_count()),
    }
    environment |= {name: installed_version(name) for name in CORE}
    environment['opencv'] = import_version('cv2')
    environment |= {name: installed_version(name) for name in (*NETWORKS, 'torchvision', *MMCV)}
    environment['mmcv operators'] = describe_operators()
    environment['GPU'] = describe_gpu()
    return environment


def find_problems() -> list[str]:
    """One line for everything that will not work, each with its mend."""
    needed = (*CORE, *NETWORKS)
    missing = [name for name in needed if not is_installed(name)]
    problems = [f'{name} is missing: pip install {name}' for name in missing]
    if not any(map(is_installed, MMCV)):
        problems.append('mmcv is missing: pip install mmcv-lite==2.1.0')
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        problems.append('Python must be 3.11, 3.12 or 3.13')
    if is_installed('lap') and is_installed('lapx'):
        problems.append(
            'lap and lapx are both installed and overwrite each other: '
            'pip uninstall lap lapx; pip install lapx'
        )
    if is_installed('mmcv') and is_installed('mmcv-lite'):
        problems.append(
            'mmcv and mmcv-lite are both installed and overwrite each other: keep one of them'
        )
    opencv = import_version('cv2')
    if opencv.startswith('broken'):
        problems.append(
            f'opencv cannot be imported ({opencv}): install the system libraries it names '
            '(Debian: apt install libgl1 libglib2.0-0 libxcb1), or swap it: '
            'pip uninstall opencv-python; pip install opencv-python-headless'
        )
    return problems


def is_installed(name: str) -> bool:
    """Whether the distribution is there."""
    return installed_version(name) != 'not installed'


def installed_version(name: str) -> str:
    """Version of a distribution, without importing it."""
    try:
        return version(name)
    except PackageNotFoundError:
        return 'not installed'


def import_version(module: str) -> str:
    """Version of a module that may be missing or, as opencv without its libraries, broken."""
    try:
        return str(importlib.import_module(module).__version__)
    except ModuleNotFoundError as error:
        return 'not installed' if error.name == module else f'broken: {error}'
    except ImportError as error:
        return f'broken: {error}'


def describe_operators() -> str:
    """Who serves the operators that mmdet asks of mmcv."""
    if not any(map(is_installed, MMCV)):
        return 'unknown without mmcv'
    if importlib.util.find_spec('mmcv._ext') is not None:
        return 'compiled mmcv'
    return 'mmtrack_ext.ops'


def describe_gpu() -> str:
    """The first CUDA device that torch sees."""
    if not is_installed('torch'):
        return 'unknown without torch'
    torch = importlib.import_module('torch')
    if not torch.cuda.is_available():
        return 'none'
    return f'{torch.cuda.get_device_name(0)}, CUDA {torch.version.cuda}'


def main() -> None:
    """Print the report; exit status 1 if something is wrong."""
    environment = collect_env()
    width = max(map(len, environment))
    for name, value in environment.items():
        print(f'{name:{width}}  {value}')
    problems = find_problems()
    print('\n'.join(['', *problems]) if problems else '\nNothing is missing.')
    sys.exit(bool(problems))


if __name__ == '__main__':
    main()
