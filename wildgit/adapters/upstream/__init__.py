"""What comes from the Wild Directory: installed, merged, compiled, compared, reviewed."""
