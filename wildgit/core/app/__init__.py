"""Packages and apps: what a package is, what it renders to, what it asks for, and how an update merges."""
