"""The user's network, borrowed: read as a graph, made quick or canonical, propagated through, given back as it was."""
