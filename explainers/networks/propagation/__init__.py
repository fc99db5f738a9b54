"""From an output back through the network, step by step: contributions, relevance, excitation."""
