"""`python -m wildgit` is `git-wild`, for machines where its script is not on PATH."""

from wildgit.cli import main

main()
