"""Evaluation of nodes: scores, consistency, recommendations, comparisons and alerts."""
