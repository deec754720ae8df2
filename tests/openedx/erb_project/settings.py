"""Django settings of the stand-in LMS: what ERB itself takes for default, and as little else as Django runs with.

The environment variable ``ERB_DATABASE`` names the file of the database.
"""

from __future__ import annotations

import os
import sys

from event_routing_backends.settings.common import plugin_settings
from fakeredis import FakeConnection

from tests.openedx.tracking_events import LMS

SECRET_KEY = "a secret of a test"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "config_models",
    "waffle",
    "celery_utils",
    "eventtracking.django",
    "event_routing_backends",
]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["ERB_DATABASE"]}}
CACHES = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": "redis://localhost:6379/0",
        "OPTIONS": {"CONNECTION_POOL_KWARGS": {"connection_class": FakeConnection}},
    }
}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"stderr": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
}

CELERY_BROKER_URL = "memory://"
CELERY_BROKER_TRANSPORT_OPTIONS = {"polling_interval": 0.01}
CELERY_TASK_IGNORE_RESULT = True

LMS_ROOT_URL = LMS
EVENT_TRACKING_ENABLED = True

_settings = sys.modules[__name__]
plugin_settings(_settings)

# ERB waits 30 s before it tries again, which is all the same to what is proved here.
EVENT_ROUTING_BACKEND_COUNTDOWN = 0.2

# ERB's settings name the backend "xapi" and its table "xAPI"; only a database that ignores case takes them for one.
_backends = _settings.EVENT_TRACKING_BACKENDS["event_transformer"]["OPTIONS"]["backends"]
_backends["xapi"]["OPTIONS"]["backend_name"] = "xAPI"
del _backends["caliper"]
