"""What the panes show, as Qt models. They ask nobody: pages and changes are handed to them."""
