"""`python -m realstack.cli`: the same as the command `realstack`."""

import sys

from realstack.cli import main

sys.exit(main())
