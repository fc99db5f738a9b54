"""The app's own fixtures, for the places where it meets the other two packages."""

from tests.studyapp.conftest import stores  # noqa: F401
