"""Records into the model: the only place that joins them."""
