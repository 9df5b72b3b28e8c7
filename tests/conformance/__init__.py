"""One contract, every driver, every server it can be had on."""
