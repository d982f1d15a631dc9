#!/usr/bin/env python
"""Convert DanceTrack to COCO-video JSON: another name of ``mot2coco.py``."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from mot2coco import main, run_tool

if __name__ == '__main__':
    run_tool(main)
