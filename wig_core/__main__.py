"""``python -m wig_core`` is the command ``wig``."""

import sys

from wig_core.cli import main

sys.exit(main())
