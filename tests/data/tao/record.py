"""Records what lvis 0.5.3 says of random cases: python record.py (needs lvis, pycocotools)."""

import copy
import gzip
import json
import runpy
import tempfile
from pathlib import Path

import numpy as np

np.float = float  # lvis 0.5.3 asks for it
from lvis import LVIS, LVISEval, LVISResults  # noqa: E402

HERE = Path(__file__).parent
make_case = runpy.run_path(str(HERE / 'make_case.py'))['make_case']


def merge(truth, results):
    """lvis knows nothing of merged categories."""
    truth, results = copy.deepcopy((truth, results))
    target = {
        part['id']: category['id']
        for category in truth['categories']
        for part in category.get('merged', ())
    }
    for entry in truth['annotations'] + results:
        entry['category_id'] = target.get(entry['category_id'], entry['category_id'])
    return truth, results


def evaluate(truth, results, max_boxes):
    truth, results = merge(truth, results)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, 'truth.json')
        path.write_text(json.dumps(truth))
        annotations = LVIS(str(path))
        evaluation = LVISEval(annotations, LVISResults(annotations, results, max_boxes), 'bbox')
        evaluation.run()
    return {name.split('@')[0]: float(value) for name, value in evaluation.results.items()}


def vary(truth, results, seed):
    """What a set of tracks does not have: areas of masks, areas of 0, ignored annotations."""
    rng = np.random.default_rng(seed)
    for annotation in truth['annotations']:
        annotation['area'] *= rng.choice([0, 0.5, 1], p=[0.1, 0.4, 0.5])
        annotation['ignore'] = int(rng.random() < 0.1)
    for result in results:
        if rng.random() < 0.05:
            result['bbox'][2] = 0.0


cases = []
for seed in range(24):
    truth, results = make_case(seed)
    if not results:
        continue
    if seed % 2:
        vary(truth, results, seed)
    max_boxes = 3 if seed % 4 > 1 else 300
    expected = evaluate(truth, results, max_boxes)
    cases.append(dict(truth=truth, results=results, max_boxes=max_boxes, expected=expected))
payload = json.dumps(cases, separators=(',', ':')).encode()
(HERE / 'lvis_cases.json.gz').write_bytes(gzip.compress(payload, mtime=0))
print(len(cases), 'cases', len(payload), 'bytes')
