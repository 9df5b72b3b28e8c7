"""Google Cloud Storage: the driver, its sign-ins and its signatures."""
