"""Erasing what is known of a learner, or what is too old, from all rooms of one store.

What may enter: which rooms have what, in which order it goes, and how to go on after a crash. How a room forgets is
its own business; who may ask for it is that of ``lrs.admin``.
"""
