"""What is measured: a module for each group of lines, each with `NAME` and `async def measure(bench, ...)`."""
