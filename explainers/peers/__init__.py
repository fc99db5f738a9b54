"""Other implementations, called the way ours are: beside ours in tests and benchmarks, or in their place."""
