"""Real clients and conformance tools: Node scripts and Python scripts that tests/live/test_clients.py runs against a real server."""
