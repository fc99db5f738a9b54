"""The seed papers' user studies: what each published, in its order, and ours beside it; a paper is a TOML file."""
