"""Parts of the documented API that are not about storage alone."""
