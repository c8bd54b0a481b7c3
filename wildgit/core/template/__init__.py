"""gomplate templates (Go text/template): text and values in, text out."""
