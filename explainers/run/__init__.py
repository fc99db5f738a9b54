"""From a configuration to a bundle: predict, explain, assemble; in one process, in shares, or on a cluster."""
