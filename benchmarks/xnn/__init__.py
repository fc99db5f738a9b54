"""The tables of explanation networks: `python -m benchmarks.xnn`, see docs/xnn.md."""
