"""A Django project that stands for an LMS: it gives tracking events to the real event-routing-backends (ERB).

It runs in an environment of its own (``tests/openedx/requirements.txt``) and is driven over a pipe by
``tests/openedx/erb.py``. Nothing of ERB is copied here, and nothing here is part of lrs-lite.
"""
