"""What all tests share: a place of their own for everything the app stores."""

import os
import tempfile

os.environ.setdefault("HEATWISE_DATA", tempfile.mkdtemp(prefix="heatwise-tests-"))
