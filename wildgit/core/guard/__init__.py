"""Secrets, lint and commit messages: text in, findings out."""
