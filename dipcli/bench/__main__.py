"""`python -m dipcli.bench`."""

import sys

from dipcli.bench.command import main

if __name__ == "__main__":
    sys.exit(main())
