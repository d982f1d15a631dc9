"""Scores: TrackEval in memory."""
