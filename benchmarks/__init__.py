"""Measurements behind the decisions and the figures in ``docs/performance.md``; nothing here is installed."""
