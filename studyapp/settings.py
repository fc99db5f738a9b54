"""Settings, all from the environment; docs/deployment.md lists them.

`HEATWISE_ENV=production` fails loudly on anything missing or weak. Without it the app is a local one: it answers
only to this machine, keeps its data in `var/` and makes its own secret key there.
"""

import os
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import dj_database_url
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from studyapp import __version__
from studyapp.core.environment import addresses, choice, flag, hosts, local_secret, mail_server, required, secret

BASE_DIR = Path(__file__).resolve().parent.parent
APP_DIR = BASE_DIR / "studyapp"
IS_CHECKOUT = (BASE_DIR / "manage.py").is_file()
SHARED_DIR = BASE_DIR if IS_CHECKOUT else APP_DIR / "shared"  # where a wheel has templates, static, locale, fixtures
MANAGE = (str(BASE_DIR / "manage.py"),) if IS_CHECKOUT else ("-m", "heatwise")
COMMAND = "python manage.py" if IS_CHECKOUT else "heatwise"  # what people write before a command's name
PRODUCTION = choice("HEATWISE_ENV", "local", "production") == "production"
DEBUG = flag("HEATWISE_DEBUG")
if PRODUCTION and DEBUG:
    raise ImproperlyConfigured("HEATWISE_DEBUG must be off when HEATWISE_ENV=production")

DATA_DIR = Path(os.environ.get("HEATWISE_DATA") or (BASE_DIR if IS_CHECKOUT else Path.cwd()) / "var").absolute()
DATA_DIR.mkdir(parents=True, exist_ok=True)
WORKER = choice("HEATWISE_WORKER", "embedded", "service")  # who starts the process that does the jobs
PREPARED = choice("HEATWISE_PREPARED", "yes", "no") == "yes"  # whether PostgreSQL keeps plans with a connection
BUNDLES_ROOT = DATA_DIR / "bundles"
STIMULI_ROOT = DATA_DIR / "stimuli"
BUNDLES_INBOX = os.environ.get("HEATWISE_INBOX") or (DATA_DIR / "inbox" if PRODUCTION else "/")
MEDIA_ROOT = DATA_DIR / "media"
MEDIA_URL = "/media/"

if PRODUCTION:
    SECRET_KEY = secret("HEATWISE_SECRET_KEY")
    ALLOWED_HOSTS = hosts("HEATWISE_HOSTS")
    DATABASE_URL = required("DATABASE_URL")
else:
    SECRET_KEY = os.environ.get("HEATWISE_SECRET_KEY") or local_secret(DATA_DIR / "secret_key")
    ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
    DATABASE_URL = os.environ.get("DATABASE_URL", f"sqlite:///{DATA_DIR / 'heatwise.sqlite3'}")
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in ALLOWED_HOSTS] if PRODUCTION else []

INSTALLED_APPS = [
    "studyapp",
    "studyapp.desk",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "axes",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "csp",
    "rest_framework",
    "drf_spectacular",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "studyapp.middleware.ContentPolicy",
    "studyapp.middleware.Sessions",
    "studyapp.run.visitors.VisitorsLanguage",
    "django.middleware.common.CommonMiddleware",
    "studyapp.speaking.TellsLanguages",
    "django.middleware.csrf.CsrfViewMiddleware",
    "studyapp.busy.NotesStores",
    "studyapp.middleware.Authentication",
    "studyapp.middleware.Messages",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "studyapp.urls"
WSGI_APPLICATION = "studyapp.wsgi.application"
STUDY_FOLDERS = sorted(path.parent for path in (APP_DIR / "studies").glob("*/__init__.py"))
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [SHARED_DIR / "templates", *(folder / "templates" for folder in STUDY_FOLDERS)],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# SQLite has no row locks: IMMEDIATE takes the write lock before anything is read, FULL makes every acknowledged
# answer survive a power cut. "snapshot" is the same database read in one unchanging view, for exports.
_DATABASE = dj_database_url.parse(DATABASE_URL, conn_max_age=60 if PRODUCTION else 0, conn_health_checks=True)
if _DATABASE["ENGINE"] == "django.db.backends.sqlite3":
    _SQLITE = {"timeout": 20, "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"}
    _TEST = {"NAME": str(Path(tempfile.gettempdir()) / f"heatwise-test-{os.getpid()}.sqlite3")}
    DATABASES = {
        "default": _DATABASE | {"OPTIONS": _SQLITE | {"transaction_mode": "IMMEDIATE"}, "TEST": _TEST},
        "snapshot": _DATABASE | {"OPTIONS": _SQLITE | {"transaction_mode": "DEFERRED"}, "TEST": {"MIRROR": "default"}},
    }
else:
    _DATABASE["ENGINE"] = "studyapp.postgres"
    _OPTIONS = _DATABASE.get("OPTIONS", {})
    DATABASES = {
        "default": _DATABASE | {"TEST": {"NAME": f"test_heatwise_{os.getpid()}"}},
        "snapshot": _DATABASE
        | {"OPTIONS": _OPTIONS | {"isolation_level": 3}, "CONN_MAX_AGE": 0, "TEST": {"MIRROR": "default"}},
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]

# Signing in: after ten wrong passwords or codes a name has to wait. Where a proxy passes no addresses on, as
# docs/deployment.md sets it up, attempts count by name alone.
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_CLIENT_IP_CALLABLE = "studyapp.access.sign_in.address"
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "code"]
AXES_LOCKOUT_TEMPLATE = "admin/locked.html"
AXES_VERBOSE = False
OTP_TOTP_ISSUER = "Heatwise"
OTP_ADMIN_HIDE_SENSITIVE_DATA = True

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]  # those that participants' pages speak
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True
LOCALE_PATHS = [SHARED_DIR / "locale"]

# Parts of pages that are the same for all participants of a condition; each process keeps its own.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "OPTIONS": {"MAX_ENTRIES": 2500}}}

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
if not PRODUCTION:
    STATIC_ROOT.mkdir(exist_ok=True)
STATICFILES_DIRS = [
    SHARED_DIR / "static",
    *(path for folder in STUDY_FOLDERS if (path := folder / "static").is_dir()),
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not PRODUCTION

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000  # a study's page has four for each personal link
CSRF_FAILURE_VIEW = "studyapp.errors.csrf_failure"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
if PRODUCTION:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^health/$"]
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True

# Mail goes to those who run the server, and to those whom studies name, only where a mail server is named.
ADMINS = [(address, address) for address in addresses("HEATWISE_ADMINS")]
globals().update(mail_server("HEATWISE_MAIL"))
SERVER_EMAIL = DEFAULT_FROM_EMAIL = os.environ.get("HEATWISE_MAIL_FROM") or f"heatwise@{ALLOWED_HOSTS[0]}"
EMAIL_SUBJECT_PREFIX = f"[Heatwise at {ALLOWED_HOSTS[0]}] "

REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "studyapp.api.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAdminUser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_THROTTLE_CLASSES": [
        "rest_framework.throttling.AnonRateThrottle",
        "rest_framework.throttling.UserRateThrottle",
    ],
    "DEFAULT_THROTTLE_RATES": {
        "anon": os.environ.get("HEATWISE_API_RATE_ANONYMOUS", "30/min"),
        "user": os.environ.get("HEATWISE_API_RATE", "300/min"),
    },
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Heatwise",
    "DESCRIPTION": "Studies and their data, for those with a role in the study. Nothing is changed through it; an "
    "export can be asked for.",
    "VERSION": __version__,
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAdminUser"],
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "studyapp.core.environment.JsonFormatter"}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "json"}
        if PRODUCTION
        else {"class": "logging.StreamHandler"}
    },
    "loggers": {
        "studyapp": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        "django": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
        "django.server": {"handlers": [], "propagate": False},
    },
}
