"""What `vljepa doctor` looks at: this host, the middleware, the nodes that run."""
