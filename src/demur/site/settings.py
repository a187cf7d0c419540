"""Django's settings, made from an opened site folder.

The only module that reads the environment: DEMUR_SITE names the folder (`start.setup` puts it
there). Without it, tools that only read the models may load this module, but no database can be
reached and nothing can be signed.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from csp.constants import NONE, SELF

from demur.site import databases, folder, sqlite

sqlite.instead_of_pythons()

DEMUR_SITE = (
    folder.open_site(Path(os.environ["DEMUR_SITE"])) if "DEMUR_SITE" in os.environ else None
)

_address = urlsplit(DEMUR_SITE.address if DEMUR_SITE else "http://localhost")
_https = _address.scheme == "https"

DEBUG = False
SECRET_KEY = DEMUR_SITE.secret if DEMUR_SITE else ""
ALLOWED_HOSTS = [_address.hostname or "localhost", "localhost", "127.0.0.1", "[::1]"]
CSRF_FAILURE_VIEW = "demur.web.page.no_csrf"
CSRF_TRUSTED_ORIGINS = [f"{_address.scheme}://{_address.netloc}"]
ROOT_URLCONF = "demur.web.urls"
WSGI_APPLICATION = "demur.site.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "csp",
    "demur.rights",
    "demur.web",  # before allauth: our templates stand for its own
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.mfa",
]
MIDDLEWARE = [
    "demur.web.watched.watched",
    "demur.web.reservations.sent",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [DEMUR_SITE.root / "templates"] if DEMUR_SITE else [],  # the operator's own words
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "demur.web.signin.framed",
            ]
        },
    }
]

DATABASES: dict[str, dict[str, Any]] = databases.settings(DEMUR_SITE) if DEMUR_SITE else {}

# Never ATOMIC_REQUESTS: an objection is a transaction of its own inside a request.
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PASSWORD_RESET_TIMEOUT = 24 * 3600  # how long a link in the mail lets somebody in
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
ACCOUNT_ADAPTER = "demur.web.adapters.Doors"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]  # never asked: nobody signs up
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_UNIQUE_EMAIL = False  # households share an address
ACCOUNT_SESSION_REMEMBER = True  # SESSION_COOKIE_AGE, for everybody
ACCOUNT_REAUTHENTICATION_TIMEOUT = 5 * 60
ACCOUNT_LOGOUT_ON_GET = False
SOCIALACCOUNT_ADAPTER = "demur.web.adapters.Platform"
SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": folder.platforms(DEMUR_SITE)}}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = DEMUR_SITE.name if DEMUR_SITE else ""
# Limits on guessing are counted here, by every process of this site alike.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": str(DEMUR_SITE.root / "cache"),
    }
    if DEMUR_SITE
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}
SESSION_COOKIE_AGE = 7 * 24 * 3600
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _https
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"

SECURE_HSTS_SECONDS = 365 * 24 * 3600 if _https else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _https else None
# Not "no-referrer": browsers then send `Origin: null` with a form, and the CSRF check refuses it.
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

LANGUAGE_CODE = DEMUR_SITE.language if DEMUR_SITE else "en"
LANGUAGES = [("en", "English"), ("nl", "Nederlands"), ("de", "Deutsch"), ("fr", "Français")]
USE_I18N = USE_TZ = True
TIME_ZONE = DEMUR_SITE.config.time_zone if DEMUR_SITE else "UTC"

STATIC_URL = "static/"
WHITENOISE_USE_FINDERS = True  # static files are served from the package: no collectstatic step

EMAIL_TIMEOUT = 10
if DEMUR_SITE and DEMUR_SITE.config.mail.host:
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    EMAIL_HOST = DEMUR_SITE.config.mail.host
    EMAIL_PORT = DEMUR_SITE.config.mail.port
    EMAIL_HOST_USER = DEMUR_SITE.config.mail.user
    EMAIL_HOST_PASSWORD = folder.password(DEMUR_SITE, "smtp.key")
    EMAIL_USE_TLS = DEMUR_SITE.config.mail.security == "starttls"
    EMAIL_USE_SSL = DEMUR_SITE.config.mail.security == "tls"
elif DEMUR_SITE:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = str(DEMUR_SITE.mail)
DEFAULT_FROM_EMAIL = DEMUR_SITE.config.mail.sender if DEMUR_SITE else ""

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"no_paths": {"()": "demur.site.logs.WithoutPaths"}},
    "formatters": {"json": {"()": "demur.site.logs.JsonLines"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "json",
            "filters": ["no_paths"],
        }
    },
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "demur.requests": {"level": "INFO"},
        # Django's own configuration would print paths and the visitor's address.
        "django": {"handlers": [], "level": "WARNING", "propagate": True},
        "django.request": {"level": "ERROR"},  # each has its line; what broke is told beside it
        "django.server": {"handlers": [], "level": "WARNING", "propagate": True},
    },
}
