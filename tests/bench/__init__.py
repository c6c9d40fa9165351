"""The benchmark: `python -m tests.bench`. Not part of the test suite."""
