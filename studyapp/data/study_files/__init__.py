"""A whole study as one file, out and in: definition, conditions, stimuli, all texts, payment, codes, and its bundle.

`study.json` holds everything but the bundle's files. Alone it names the bundle by hash, or by a `path` relative to
itself; in a zip the bundle lies beside it in `bundle/`. What a file leaves out has its default.
"""

from .format import FORMAT, FORMAT_VERSION, StudyFileError
from .parsing import parse
from .reading import load_study, load_zipped_bundle
from .writing import dump_study, record
from .zips import unpacked

__all__ = [
    "FORMAT",
    "FORMAT_VERSION",
    "StudyFileError",
    "dump_study",
    "load_study",
    "load_zipped_bundle",
    "parse",
    "record",
    "unpacked",
]
