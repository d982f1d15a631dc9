"""Datasets of videos, their transforms and samplers, and SynthMOT, which is rendered.

Imports nothing, so that converting and rendering start without torch.
"""
