"""What happens in recordings, found by words: features, events, an index on disk."""
