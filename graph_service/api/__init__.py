"""The GraphQL API over HTTP: the only place that imports strawberry and fastapi."""
