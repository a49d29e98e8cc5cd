"""What people and machines read over HTTP: metrics, API and status page."""
