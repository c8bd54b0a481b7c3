"""Back to what an app was: where to, the next commit, the deploy of it."""
