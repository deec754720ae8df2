"""lrs-lite: an embedded xAPI Learning Record Store with live subscriptions."""

__version__ = "0.1.0"
