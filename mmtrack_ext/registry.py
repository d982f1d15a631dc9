"""The registries: a child of each of mmdet's, and ``TRACKERS``.

Because mmdet's are the parents, ``type='FasterRCNN'`` needs no prefix here, and mmdet's detectors
can build parts of ours.
"""

from __future__ import annotations

from mmdet import registry as mmdet_registry
from mmengine import registry as mmengine_registry
from mmengine.registry import Registry

SCOPE = 'mmtrack_ext'


def _child(parent: Registry, *locations: str) -> Registry:
    """A registry of this package; ``locations`` are imported when a name is first looked up."""
    modules = [f'mmtrack_ext.{location}' for location in locations]
    return Registry(parent.name, parent=parent, scope=SCOPE, locations=modules)


RUNNERS = _child(mmdet_registry.RUNNERS, 'engine')
RUNNER_CONSTRUCTORS = _child(mmdet_registry.RUNNER_CONSTRUCTORS)
LOOPS = _child(mmdet_registry.LOOPS)
HOOKS = _child(mmdet_registry.HOOKS, 'engine')
DATASETS = _child(
    mmdet_registry.DATASETS, 'datasets.mot_video', 'datasets.mot_sequences', 'datasets.tao'
)
DATA_SAMPLERS = _child(mmdet_registry.DATA_SAMPLERS, 'datasets.samplers')
TRANSFORMS = _child(mmdet_registry.TRANSFORMS, 'datasets.transforms')
MODELS = _child(mmdet_registry.MODELS, 'models')
MODEL_WRAPPERS = _child(mmdet_registry.MODEL_WRAPPERS, 'models')
WEIGHT_INITIALIZERS = _child(mmdet_registry.WEIGHT_INITIALIZERS)
OPTIMIZERS = _child(mmdet_registry.OPTIMIZERS)
OPTIM_WRAPPERS = _child(mmdet_registry.OPTIM_WRAPPERS)
OPTIM_WRAPPER_CONSTRUCTORS = _child(mmdet_registry.OPTIM_WRAPPER_CONSTRUCTORS)
PARAM_SCHEDULERS = _child(mmdet_registry.PARAM_SCHEDULERS)
METRICS = _child(mmdet_registry.METRICS, 'evaluation.metrics')
EVALUATOR = _child(mmdet_registry.EVALUATOR)
TASK_UTILS = _child(mmdet_registry.TASK_UTILS, 'models')
VISUALIZERS = _child(mmdet_registry.VISUALIZERS, 'visualization.track_visualizer')
VISBACKENDS = _child(mmdet_registry.VISBACKENDS)
LOG_PROCESSORS = _child(mmdet_registry.LOG_PROCESSORS)
STRATEGIES = _child(mmengine_registry.STRATEGIES)
INFERENCERS = _child(mmengine_registry.INFERENCERS)
FUNCTIONS = _child(mmengine_registry.FUNCTIONS)

# A root of its own: mmdet has trackers of the same names, and they are others.
TRACKERS = Registry('tracker', scope=SCOPE, locations=['mmtrack_ext.models.trackers'])
