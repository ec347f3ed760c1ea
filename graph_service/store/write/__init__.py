"""The writer: batches of events into the graph, each as one transaction."""
