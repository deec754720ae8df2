"""``python -m lrs``: the same as the command ``lrs``."""

from lrs.cli import main

if __name__ == "__main__":
    main(prog_name="lrs")
