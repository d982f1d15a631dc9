"""Packaging of mmtrack_ext; ``make`` sets up a development environment."""

import re
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent


def requirements(name: str) -> list[str]:
    """The lines of a file in requirements/, without comments."""
    lines = (ROOT / 'requirements' / name).read_text(encoding='utf-8').splitlines()
    return [line.split('#')[0].strip() for line in lines if line.split('#')[0].strip()]


def version() -> str:
    """``__version__``, read without importing the package."""
    text = (ROOT / 'mmtrack_ext' / '__init__.py').read_text(encoding='utf-8')
    return re.search(r"^__version__ = '(.+)'$", text, re.MULTILINE)[1]


setup(
    name='mmtrack_ext',
    version=version(),
    description='Train and evaluate multi-object trackers from one Python config',
    long_description=(ROOT / 'README.md').read_text(encoding='utf-8'),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    license_files=['LICENSE'],
    python_requires='>=3.11,<3.14',
    packages=find_packages(include=['mmtrack_ext', 'mmtrack_ext.*']),
    install_requires=requirements('runtime.txt'),
    extras_require={'optional': requirements('optional.txt'), 'tests': requirements('tests.txt')},
)
