"""The app with a front door that fails, as does the page that says so, by errors that quote what was asked."""

from studyapp.wsgi import application

__all__ = ["application"]

from studyapp import errors
from studyapp.run import visitors


def fail(request):
    raise LookupError(f"nothing at {request.get_full_path()}")


visitors.bot_of = fail
errors.server_error = fail
