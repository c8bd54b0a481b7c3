"""jinja2 templates and the sample Wild Directory."""
