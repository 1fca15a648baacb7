"""`python -m streams` is the command `forewarn`."""

from streams.cli import main

if __name__ == "__main__":
    main()
