"""What the end-to-end tests, the benchmarks and the demo share."""
